// The page: what it shows when, and what happens when something goes wrong.

import * as accounts from "./accounts.js";
import * as form from "./form.js";
import * as list from "./list.js";
import { ask } from "./ask.js";
import { measure, onJump } from "./clock.js";
import { hadAccounts, onChange } from "./store.js";
import { text } from "./texts.js";

const by = (id) => document.getElementById(id);

// say tells what was done, to eyes and screen readers.
const say = (key, args) => (by("status").textContent = text(key, args));

// warn shows a note that stays; without sentences it is taken away. A sentence
// may be in pieces, some of them elements. What is only found out later stands
// where it moves no button away from under a hand.
function warn(id, ...sentences) {
  by(id)?.remove();
  if (!sentences.length) return;
  const note = document.createElement("div");
  note.id = id;
  note.className = "note";
  note.setAttribute("role", "alert");
  note.append(...sentences.map((sentence) => {
    const line = document.createElement("p");
    line.append(...[sentence].flat());
    return line;
  }));
  (by(`${id}-notes`) ?? by("notes")).append(note);
}

async function start() {
  by("late").hidden = true;
  const lacking = unable();
  if (lacking) return warn("unable", text(lacking), ...(lacking === "insecure" ? [goSecure()] : []));
  list.setUp(say, async () => {
    await show();
    by("setup").focus();
  });
  form.setUp(added);
  wire();
  try {
    await accounts.refresh();
  } catch (error) {
    console.error(error);
    return warn("unable", text("no_store"), text("no_store_do"));
  }
  if (accounts.accounts().length === 0 && !accounts.isLocked() && hadAccounts()) {
    warn("gone-note", text("gone"), text("gone_do"));
  }
  await show();
  beat();
  keepPage();
}

// unable returns what this page needs and does not have here, if anything.
function unable() {
  if (!isSecureContext) return "insecure";
  const needed = [crypto.subtle, window.indexedDB, window.BroadcastChannel, window.structuredClone, window.HTMLDialogElement, crypto.randomUUID];
  return needed.every(Boolean) ? "" : "old";
}

// goSecure is a sentence with a link to this page over https.
function goSecure() {
  const link = document.createElement("a");
  link.href = link.textContent = location.href.replace(/^http:/, "https:");
  const [before, after] = text("insecure_do", { Address: "\n" }).split("\n");
  return [before, link, after];
}

// show shows what there is: accounts, the question for the passphrase, or how to
// begin.
async function show() {
  const isLocked = accounts.isLocked();
  const isEmpty = !isLocked && accounts.accounts().length === 0;
  await list.draw();
  by("unlock").hidden = !isLocked;
  by("start").hidden = !isEmpty;
  by("gone").hidden = !isEmpty;
  by("setup").hidden = isLocked || !by("form").hidden;
  by("setup").textContent = text(isEmpty ? "setup" : "setup_again");
  by("setup").classList.toggle("primary", isEmpty);
  by("setup").classList.toggle("again", !isEmpty);
  by("manage").hidden = isEmpty;
  by("lock").hidden = isLocked || !accounts.hasPassphrase();
  if (isLocked) by("unlock-passphrase").focus();
}

// added is called when the form is done.
async function added(said, id) {
  if (said.length) warn("gone-note");
  await show();
  by("status").textContent = said.join(" ");
  const item = [...by("accounts").children].find((one) => one.dataset.id === id);
  (item?.querySelector(".copy") ?? by("setup")).focus();
  navigator.storage?.persist?.(); // whatever it answers: some browsers then clean up less
}

function wire() {
  by("setup").addEventListener("click", () => {
    form.open();
    by("status").textContent = "";
    by("setup").hidden = true;
  });
  by("wipe").addEventListener("click", wipe);
  by("lock").addEventListener("click", async () => {
    await accounts.lock();
    await show();
    say("locked");
  });
  by("unlock").addEventListener("submit", (event) => {
    event.preventDefault();
    unlock();
  });
  onChange(async () => {
    await accounts.refresh();
    await show();
  });
}

async function unlock() {
  const field = by("unlock-passphrase");
  by("status").textContent = "";
  const isRight = await accounts.unlockWith(field.value);
  field.value = "";
  by("unlock-error").textContent = isRight ? "" : text("passphrase_wrong");
  if (!isRight) return field.focus();
  await show();
  by("accounts").querySelector(".copy")?.focus();
}

async function wipe() {
  const sure = await ask({ title: text("wipe_title"), text: text("wipe_text"), yes: text("wipe_yes"), no: text("no"), final: true });
  if (!sure) return;
  await accounts.wipe();
  await show();
  say("wiped");
  by("setup").focus();
}

// beat shows the time that is left, each time that a second begins.
function beat() {
  const look = onJump(checkClock);
  const next = async () => {
    look();
    await list.tick();
    setTimeout(next, 1000 - (Date.now() % 1000));
  };
  next();
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) checkClock();
  });
}

async function checkClock() {
  const ahead = await measure();
  if (ahead === 0) return warn("clock");
  const seconds = Math.round(Math.abs(ahead) / 1000);
  const by = seconds < 120 ? text("seconds", { N: seconds }) : text("minutes", { N: Math.round(seconds / 60) });
  warn("clock", text(ahead > 0 ? "clock_ahead" : "clock_behind", { By: by }), text("clock_do"));
  await list.tick();
}

// keepPage lets the service worker keep this page, for the next visit. Without
// it the page works while there is a network.
async function keepPage() {
  if (!navigator.serviceWorker) return;
  const allow = (name) => {
    if (name !== "sw.js") throw new TypeError(name);
    return name;
  };
  const policy = window.trustedTypes?.createPolicy("sw", { createScriptURL: allow });
  try {
    await navigator.serviceWorker.register(policy ? policy.createScriptURL("sw.js") : "sw.js");
    await checkClock();
  } catch (error) {
    console.warn("the page is not kept", error);
  }
}

start();
