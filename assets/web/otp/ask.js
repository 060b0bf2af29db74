// One dialog for every question.

const dialog = document.getElementById("ask");
const field = document.getElementById("ask-field");

let last = Promise.resolve();

// ask puts a question and returns the answer: true or false, or where a name is
// asked for, the name or null. Escape means no. Final is what can't be undone. The browser tells that a question
// was closed some time after it was: until then the next one waits, so as not to
// take that for its own answer.
export const ask = (question) => (last = last.then(() => put(question)));

function put({ title, text, yes, no, name, final }) {
  document.getElementById("ask-title").textContent = title;
  document.getElementById("ask-text").textContent = text;
  document.getElementById("ask-yes").textContent = yes;
  document.getElementById("ask-yes").classList.toggle("final", final === true);
  document.getElementById("ask-no").textContent = no;
  const asksName = name !== undefined;
  document.getElementById("ask-name").hidden = !asksName;
  field.required = asksName;
  field.value = name ?? "";
  dialog.returnValue = "";
  dialog.showModal();
  if (asksName) field.select();
  else document.getElementById("ask-no").focus(); // what can't be undone is not under Enter
  return new Promise((resolve) => {
    dialog.onclose = () => {
      const said = dialog.returnValue === "yes";
      resolve(asksName ? (said && field.value.trim()) || null : said);
    };
  });
}
