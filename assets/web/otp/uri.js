// The parts of a URI, read as strictly as Go's net/url does, and what core/otp
// makes of them.

const maxIssuer = 40;
const maxAccount = 60;
const longestText = 65536;

// Refused says why a text was not taken: the key of a sentence, and what stands
// in it. It never holds anything of a secret.
export class Refused extends Error {
  constructor(why, args = {}) {
    super(why);
    this.all = [{ why, args }];
  }

  // of adds which account it is about.
  of({ issuer, account }) {
    for (const refusal of this.all) refusal.label ||= [issuer, account].filter(Boolean).join(" ");
    return this;
  }

  // together makes one of several.
  static together(refusals) {
    const first = refusals[0];
    first.all = refusals.flatMap((refusal) => refusal.all);
    return first;
  }
}

const escapes = /%(?![0-9a-f]{2})/i;
const user = /^([\w.~!$&'()*+,;=:@-]|%[0-9a-f]{2})*$/i;

// split returns scheme, host and path of a URI, and a function that returns the
// value of a parameter, or "".
export function split(text) {
  if (new TextEncoder().encode(text).length > longestText) throw new Refused("too_long");
  const parts = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/i.exec(text.replaceAll("&amp;", "&"));
  if (!parts || /[\x00-\x1f\x7f]/.test(text)) throw new Refused("no_uri");
  const [, scheme, authority = "", path, query = "", fragment = ""] = parts;
  const at = authority.lastIndexOf("@");
  if ([authority, path, fragment].some((part) => escapes.test(part)) || !user.test(authority.slice(0, Math.max(at, 0)))) throw new Refused("no_uri");
  const values = new Map();
  let twice = false;
  for (const pair of query.split("&").filter(Boolean)) {
    if (pair.includes(";") || escapes.test(pair)) throw new Refused("bad_parameters");
    const equals = pair.indexOf("=");
    const [name, value] = equals < 0 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)];
    const key = decode(name.replaceAll("+", " "));
    twice ||= values.has(key);
    if (!values.has(key)) values.set(key, decode(value.replaceAll("+", " ")));
  }
  return {
    scheme: scheme.toLowerCase(),
    host: authority.slice(at + 1).toLowerCase(),
    path: decode(path).replace(/^\//, ""),
    query: (name) => values.get(name) ?? "",
    twice,
  };
}

// decode undoes percent-encoding, and drops what is no UTF-8.
function decode(text) {
  const bytes = [];
  for (const piece of text.split(/(%[0-9a-f]{2})/i)) {
    if (/^%[0-9a-f]{2}$/i.test(piece)) bytes.push(parseInt(piece.slice(1), 16));
    else bytes.push(...new TextEncoder().encode(piece));
  }
  return utf8(new Uint8Array(bytes));
}

export function utf8(bytes) {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes).replaceAll("\ufffd", "");
}

// label makes a name fit to be shown.
function label(text, longest) {
  const plain = text.replace(/\p{Cc}/gu, "").replaceAll(":", "-");
  return [...plain].slice(0, longest).join("").trim();
}

// namesOf returns issuer and account of a key with this secret, in base32. Names
// are shown and stand in errors: those that may hold a secret are left out.
export function namesOf(path, issuer, secret) {
  const key = { issuer: "", account: "" };
  if (tells(`${path} ${issuer}`, secret)) return key;
  key.issuer = label(issuer, maxIssuer);
  key.account = accountOf(key, path);
  return key;
}

// tells is that of core/otp.
function tells(names, secret) {
  const spaceless = (text) => text.toUpperCase().replace(/[ =-]/g, "");
  const shown = label(names, longestText);
  return spaceless(secret) === "" || shown.toUpperCase().includes("SECRET=") || spaceless(shown).includes(spaceless(secret));
}

// accountOf returns the account of a label "issuer:account", and takes the
// issuer from there if nothing else named one.
function accountOf(key, text) {
  const colon = text.indexOf(":");
  if (colon < 0) return label(text, maxAccount);
  key.issuer ||= label(text.slice(0, colon), maxIssuer);
  return label(text.slice(colon + 1), maxAccount);
}

// checkSecret refuses secrets that are not safe, or that apps differ about.
export function checkSecret(bytes) {
  if (bytes.length === 0) throw new Refused("no_secret");
  if (bytes.length < 16) throw new Refused("short", { N: bytes.length });
  if (bytes.length > 64) throw new Refused("long", { N: bytes.length });
  return bytes;
}
