// The list of accounts, each with its code.

import { accounts, move, nameOf, remove, rename } from "./accounts.js";
import { ask } from "./ask.js";
import { now } from "./clock.js";
import { code, period, stepAt } from "./totp.js";
import { text } from "./texts.js";

// The next code is shown for the last seconds of one.
const showNext = 10;

const list = document.getElementById("accounts");
const pattern = document.getElementById("account");

let say = () => {};
let shrunk = () => {};

// setUp tells where to put what was done, and what to do when an account has gone.
export function setUp(sayIt, whenShrunk) {
  say = sayIt;
  shrunk = whenShrunk;
}

// draw makes the list anew. An account never stands there without its code, and
// a list that has changed meanwhile is left to who changed it.
export async function draw() {
  const drawn = accounts();
  const cards = drawn.map(card);
  await fill(cards);
  if (drawn === accounts()) list.replaceChildren(...cards);
}

function card(account, i) {
  const item = pattern.content.cloneNode(true).firstElementChild;
  const name = nameOf(account);
  const button = (kind) => item.querySelector("." + kind);
  Object.assign(item.dataset, { id: account.id, name });
  button("issuer").textContent = account.issuer;
  button("name").textContent = account.account;
  for (const kind of ["rename", "up", "down", "remove"]) button(kind).setAttribute("aria-label", `${button(kind).textContent}: ${name}`);
  button("more").querySelector("summary").setAttribute("aria-label", `${button("more").querySelector("summary").textContent}: ${name}`);
  button("up").hidden = i === 0;
  button("down").hidden = i === accounts().length - 1;
  button("copy").addEventListener("click", () => copy(item));
  button("code").addEventListener("click", () => copy(item));
  button("rename").addEventListener("click", () => askName(account));
  button("remove").addEventListener("click", () => askRemove(account, name));
  for (const [kind, by] of [["up", -1], ["down", 1]]) {
    button(kind).addEventListener("click", async () => {
      await move(account.id, by);
      await draw();
      openMore(account.id, kind);
      say("moved", { Name: name });
    });
  }
  return item;
}

// openMore leaves the person where she was, after the list was drawn anew.
function openMore(id, kind) {
  const item = [...list.children].find((one) => one.dataset.id === id);
  if (!item) return;
  item.querySelector(".more").open = true;
  const button = item.querySelector("." + kind);
  (button.hidden ? item.querySelector("summary") : button).focus();
}

async function copy(item) {
  const { code: copied, name } = item.dataset;
  try {
    await navigator.clipboard.writeText(copied);
    for (const one of list.children) labelCopy(one, one === item && one.dataset.code === copied ? "is_copied" : "copy");
    say("copied", { Name: name });
  } catch {
    say("not_copied", { Name: name });
    document.getElementById("status").scrollIntoView({ block: "nearest" });
  }
}

// labelCopy says on the button whether the code that is shown is on the clipboard.
function labelCopy(item, key) {
  const button = item.querySelector(".copy");
  button.textContent = text(key);
  button.setAttribute("aria-label", `${text(key)}: ${item.dataset.name}`);
}

async function askName(account) {
  const name = await ask({ title: text("rename_title"), text: text("rename_text"), yes: text("rename_yes"), no: text("no"), name: account.account });
  if (!name || name === account.account) return;
  await rename(account.id, name);
  await draw();
  openMore(account.id, "rename");
  say("renamed", { Name: name });
}

async function askRemove(account, name) {
  const sure = await ask({ title: text("remove_title", { Name: name }), text: text("remove_text"), yes: text("remove_yes"), no: text("no"), final: true });
  if (!sure) return;
  await remove(account.id);
  await shrunk();
  say("removed", { Name: name });
}

// tick shows the codes and seconds of this moment.
export const tick = () => fill([...list.children]);

async function fill(cards) {
  const time = now();
  const step = stepAt(time);
  const left = Math.ceil(((step + 1) * period - time) / 1000);
  await Promise.all(accounts().map(async (account) => {
    const codes = await Promise.all([code(account.key, step), code(account.key, step + 1)]);
    const item = cards.find((one) => one.dataset.id === account.id);
    if (item) show(item, codes, left);
  }));
}

function show(item, [current, next], left) {
  if (item.dataset.code !== current) {
    item.dataset.code = current;
    labelCopy(item, "copy");
    item.querySelector(".code").replaceChildren(...groups(current));
    item.querySelector(".next-code").replaceChildren(...groups(next));
  }
  const isEnding = left <= showNext;
  item.classList.toggle("ending", isEnding);
  item.querySelector(".next").classList.toggle("invisible", !isEnding);
  item.querySelector("progress").value = left;
  item.querySelector(".left").textContent = text("left", { N: left });
}

// groups returns a code in two groups. The space between is none, so that it is
// not copied.
function groups(digits) {
  return [digits.slice(0, 3), digits.slice(3)].map((group) => {
    const span = document.createElement("span");
    span.textContent = group;
    return span;
  });
}
