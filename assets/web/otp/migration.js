// Migration codes: several accounts at once, as Google Authenticator hands them
// over. The format is told in core/otp/migration.go.

import { toBase32 } from "./base32.js";
import { Refused, checkSecret, namesOf, split, utf8 } from "./uri.js";

const mostCodes = 1000n;

// readMigration returns the keys, and which part of how many this code is.
export function readMigration(text) {
  const uri = split(text);
  if (uri.scheme !== "otpauth-migration" || uri.host !== "offline") throw new Refused("not_otpauth");
  const message = { version: 0n, size: 1n, index: 0n };
  const keys = [];
  const refused = [];
  eachField(base64(uri.query("data")), (field, number, bytes) => {
    if (field === 1n) {
      try {
        keys.push(readEntry(bytes));
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        refused.push(error);
      }
    }
    if (field === 2n) message.version = number;
    if (field === 3n) message.size = number > 1n ? number : 1n;
    if (field === 4n) message.index = number;
  });
  if (refused.length) throw Refused.together(refused);
  if (message.version === 0n) throw new Refused("damaged"); // it comes after the accounts
  if (message.version > 2n) throw new Refused("version");
  if (message.size > mostCodes || message.index >= message.size) throw new Refused("damaged");
  if (!keys.length) throw new Refused("no_accounts");
  return { keys, part: { number: Number(message.index) + 1, of: Number(message.size) } };
}

// readEntry reads one OtpParameters.
function readEntry(message) {
  const entry = { secret: new Uint8Array(), name: "", issuer: "", algorithm: 0n, digits: 0n, type: 0n };
  eachField(message, (field, number, bytes) => {
    if (field === 1n) entry.secret = bytes;
    if (field === 2n) entry.name = utf8(bytes);
    if (field === 3n) entry.issuer = utf8(bytes);
    if (field === 4n) entry.algorithm = number;
    if (field === 5n) entry.digits = number;
    if (field === 6n) entry.type = number;
  });
  const key = namesOf(entry.name, entry.issuer, toBase32(entry.secret));
  try {
    if (entry.type === 1n) throw new Refused("counter");
    if (entry.type > 2n) throw new Refused("not_time");
    if (entry.algorithm > 1n) throw algorithmRefused(entry.algorithm);
    if (entry.digits > 1n) throw new Refused("digits_unknown");
    key.secret = checkSecret(entry.secret.slice());
  } catch (error) {
    throw error instanceof Refused ? error.of(key) : error;
  }
  return key;
}

function algorithmRefused(number) {
  const name = [, , "SHA-256", "SHA-512", "MD5"][number];
  return name ? new Refused("algorithm", { Name: name }) : new Refused("algorithm_unknown");
}

// base64 takes a '+' that reads as a space, and base64 for URLs.
function base64(text) {
  const letters = text.replaceAll(" ", "+").replaceAll("-", "+").replaceAll("_", "/").replace(/[=\r\n]/g, "");
  if (!/^[A-Za-z0-9+/]*$/.test(letters) || letters.length % 4 === 1) throw new Refused("cut_off");
  return Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0));
}

// eachField calls visit with every number and every string of bytes of a
// protobuf message.
function eachField(message, visit) {
  let at = 0;
  const take = (length) => {
    if (length > BigInt(message.length - at)) throw new Refused("damaged");
    at += Number(length);
    return message.subarray(at - Number(length), at);
  };
  const varint = () => {
    let number = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const [byte] = take(1n);
      number |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (number >= 1n << 64n) break;
        return number;
      }
    }
    throw new Refused("damaged");
  };
  while (at < message.length) {
    const tag = varint();
    const field = tag >> 3n;
    if (field === 0n || field >= 1n << 29n) throw new Refused("damaged");
    const nothing = new Uint8Array();
    if ((tag & 7n) === 0n) visit(field, varint(), nothing);
    else if ((tag & 7n) === 1n) take(8n);
    else if ((tag & 7n) === 2n) visit(field, 0n, take(varint()));
    else if ((tag & 7n) === 5n) take(4n);
    else throw new Refused("damaged");
  }
}
