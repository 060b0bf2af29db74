// Base32 (RFC 4648, section 6), the spelling of secrets.

import { Refused } from "./uri.js";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

// fromBase32 reads it as people write it.
export function fromBase32(text) {
  const letters = text.replace(/[ =-]/g, "").toUpperCase();
  if (!/^[A-Z2-7]*$/.test(text.replace(/[ =a-z-]/g, "")) || [1, 3, 6].includes(letters.length % 8)) throw new Refused("no_base32");
  return regroup([...letters].map((letter) => alphabet.indexOf(letter)), 5, 8);
}

export function toBase32(bytes) {
  const padded = [...bytes, 0]; // for the bits of the last letter
  return [...regroup(padded, 8, 5)].slice(0, Math.ceil((bytes.length * 8) / 5)).map((value) => alphabet[value]).join("");
}

// regroup puts numbers of some bits into numbers of others; bits that are left
// over are dropped.
function regroup(numbers, from, to) {
  const regrouped = [];
  let bits = 0;
  let value = 0;
  for (const number of numbers) {
    value = (value << from) | number;
    for (bits += from; bits >= to; value &= (1 << bits) - 1) {
      bits -= to;
      regrouped.push(value >> bits);
    }
  }
  return new Uint8Array(regrouped);
}
