// The texts of this page's language; they stand in the page.

const texts = JSON.parse(document.getElementById("texts").textContent);

// text returns the text of a key with its {{.Names}} filled in.
export function text(key, args = {}) {
  return (texts[key] ?? key).replace(/\{\{\.(\w+)\}\}/g, (_, name) => args[name] ?? "");
}
