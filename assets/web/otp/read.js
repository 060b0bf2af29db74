// Reads what people paste: key URIs, migration codes, bare secrets. It takes and
// refuses what core/otp does; tests hold the two side by side.

import { Refused, checkSecret, namesOf, split } from "./uri.js";
import { fromBase32 } from "./base32.js";
import { readMigration } from "./migration.js";

// read returns {keys, parts, refused}. Keys have issuer, account and secret;
// parts says of a migration code which one of several it is. Refused tells of
// lines that were not understood: why and args, and line if there are several.
export function read(text) {
  const result = { keys: [], parts: [], refused: [] };
  let lines = text.split(/\r\n|\r|\n/);
  // A secret in groups may be spread over lines; several secrets are long ones.
  if (!text.includes("://") && !lines.some((line) => line.replace(/[^a-z2-7]/gi, "").length >= 26)) lines = [lines.join("")];
  const several = lines.filter((line) => clean(line)).length > 1;
  lines.forEach((line, i) => {
    if (!clean(line)) return;
    try {
      const { keys, part } = readLine(clean(line));
      result.keys.push(...keys);
      if (part) result.parts.push(part);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      for (const refusal of error.all) result.refused.push({ ...refusal, line: several ? i + 1 : 0 });
    }
  });
  if (!result.keys.length && !result.refused.length) result.refused.push({ why: "nothing", args: {}, line: 0 });
  return result;
}

// clean takes off what copying from a mail or a document leaves around a text.
function clean(line) {
  return line.replace(/[\u200b-\u200f\u2060\ufeff]/g, "").trim();
}

function readLine(line) {
  if (/^otpauth-migration:/i.test(line)) return readMigration(line);
  if (/^otpauth:/i.test(line)) return { keys: [readURI(line)] };
  if (line.includes("://")) throw new Refused("not_otpauth");
  return { keys: [{ issuer: "", account: "", secret: readSecret(line) }] };
}

// readURI reads a key URI, as other programs write it: issuers in either place,
// padding, '&amp;' from a mail.
export function readURI(text) {
  const uri = split(text);
  const key = namesOf(uri.path, uri.query("issuer"), uri.query("secret"));
  try {
    if (uri.twice) throw new Refused("twice");
    if (uri.host === "hotp") throw new Refused("counter");
    if (uri.host !== "totp") throw new Refused("not_time");
    supported(uri.query);
    key.secret = checkSecret(fromBase32(uri.query("secret")));
  } catch (error) {
    throw error instanceof Refused ? error.of(key) : error;
  }
  return key;
}

// supported refuses every parameter that makes other codes than ours.
function supported(query) {
  const algorithm = query("algorithm").replaceAll("-", "").toUpperCase().replace(/^HMAC/, "");
  if (algorithm !== "" && algorithm !== "SHA1") {
    const names = { SHA256: "SHA-256", SHA512: "SHA-512", MD5: "MD5" };
    throw new Refused(algorithm in names ? "algorithm" : "algorithm_unknown", { Name: names[algorithm] });
  }
  fixed(query("digits"), 6, "digits");
  fixed(query("period"), 30, "period");
}

function fixed(text, ours, why) {
  if (text === "") return;
  const isNumber = /^[0-9]+$/.test(text) && Number(text) < 65536;
  if (!isNumber) throw new Refused(why + "_unknown");
  if (Number(text) !== ours) throw new Refused(why, { N: Number(text) });
}

// readSecret reads a secret that stands alone, in any spelling.
function readSecret(text) {
  if (/^\d{3}\s?\d{3}$/.test(text)) throw new Refused("code");
  const bare = text.replace(/%3d/gi, "").replace(/\s/g, "");
  if (!/^[a-z2-7=-]*$/i.test(bare)) throw new Refused("unknown");
  return checkSecret(fromBase32(bare));
}
