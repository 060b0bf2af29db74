// The form behind "Instellen".

import { accounts, add, nameOf, plan } from "./accounts.js";
import { ask } from "./ask.js";
import { look, stopLooking } from "./camera.js";
import { readPicture } from "./picture.js";
import { read } from "./read.js";
import { text } from "./texts.js";

const shortestPassphrase = 12;

const by = (id) => document.getElementById(id);
const form = by("form");
const field = by("text");
const errors = by("error");

let done = () => {};

// setUp tells what to do when accounts were added, with what to say about it, or
// when the form was closed without.
export function setUp(whenDone) {
  done = whenDone;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  by("cancel").addEventListener("click", () => {
    close();
    done([]);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  wirePictures();
}

// wirePictures takes pictures of QR codes in every way that they come.
function wirePictures() {
  by("file").addEventListener("change", ({ target }) => takePictures([...target.files]));
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (form.hidden || !files.length) return;
    event.preventDefault();
    takePictures(files);
  });
  // Beside the form a picture does nothing; the browser would leave the page for it.
  window.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.classList.toggle("dropping", form.contains(event.target));
  });
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("dropping");
    const text = event.dataTransfer.getData("text");
    if (form.hidden) return;
    if (event.dataTransfer.files.length) takePictures([...event.dataTransfer.files]);
    else if (text) field.value = text;
  });
  by("camera").hidden = !navigator.mediaDevices?.getUserMedia;
  by("camera").addEventListener("click", useCamera);
}

async function takePictures(files) {
  by("file").value = "";
  try {
    const texts = [];
    for (const file of files) texts.push(await readPicture(file));
    await take(texts.join("\n"));
  } catch (error) {
    complain(text(error.message));
  }
}

async function useCamera() {
  complain();
  try {
    const found = await look(by("video"));
    if (found) await take(found);
  } catch (error) {
    complain(text(error.message));
  }
}

export function open() {
  form.hidden = false;
  errors.replaceChildren();
  by("protect").hidden = accounts().length > 0;
  field.focus();
  form.scrollIntoView({ block: "nearest" });
}

function close() {
  form.reset();
  by("protect").open = false;
  errors.replaceChildren();
  stopLooking();
  form.hidden = true;
}

// take adds what a picture held, as if it had been pasted.
function take(pasted) {
  field.value = pasted;
  return submit();
}

// complain shows sentences about what is wrong.
function complain(...sentences) {
  errors.replaceChildren(...sentences.map((sentence) => {
    const line = document.createElement("p");
    line.textContent = sentence;
    return line;
  }));
}

let busy = false;

async function submit() {
  if (busy) return;
  busy = true;
  try {
    await store();
  } catch (error) {
    console.error(error);
    complain(text("not_kept"));
  } finally {
    busy = false;
  }
}

async function store() {
  const { keys, parts, refused } = read(field.value);
  if (refused.length) {
    complain(...refused.slice(0, 5).map(sentence));
    field.focus();
    return;
  }
  const passphrase = by("protect").open ? by("passphrase").value : "";
  const weak = weakness(passphrase);
  if (weak) {
    complain(text(weak, { N: shortestPassphrase }));
    by("passphrase").focus();
    return;
  }
  const found = await plan(keys);
  const replaced = found.other.length > 0 && (await askReplace(found.other)) ? found.other : [];
  if (found.add.length) await add(found.add, replaced, passphrase);
  close();
  done(report(found, parts), found.add[0]?.id);
}

function sentence({ why, args, line, label }) {
  const about = [line ? text("line", { N: line }) : "", label ?? ""].filter(Boolean).join(", ");
  return (about ? about + ": " : "") + text("refused." + why, args);
}

function weakness(passphrase) {
  if (!passphrase) return "";
  if ([...passphrase].length < shortestPassphrase) return "passphrase_short";
  return passphrase === by("again").value ? "" : "passphrase_differs";
}

function askReplace(other) {
  const names = other.map(nameOf).join(", ");
  return ask({ title: text("replace_title", { Names: names }), text: text("replace_text"), yes: text("replace_yes"), no: text("replace_no") });
}

function report({ add: added, same }, parts) {
  const said = [];
  if (added.length) said.push(text("added", { Names: added.map(nameOf).join(", ") }));
  if (same.length) said.push(text("same", { Names: same.join(", ") }));
  for (const { number, of } of parts) if (of > 1) said.push(text("part", { N: number, Of: of }));
  return said;
}
