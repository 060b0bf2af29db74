// Codes by time (RFC 6238): SHA-1, six digits, a new one every 30 seconds.

export const period = 30_000;

export const stepAt = (ms) => Math.floor(ms / period);

// importKey returns a key that makes codes and can't be read again, not even by
// this page.
export function importKey(secret) {
  return crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-1" }, false, ["sign"]);
}

// code is RFC 4226, section 5.3.
export async function code(key, step) {
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(step));
  const mac = new DataView(await crypto.subtle.sign("HMAC", key, counter));
  const offset = mac.getUint8(mac.byteLength - 1) & 15;
  const number = mac.getUint32(offset) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

// sameKeys compares keys that can't be read: they are the same if they sign alike.
export async function sameKeys(a, b) {
  const text = new TextEncoder().encode("evry.nl/tfa: is this the same key?");
  const [x, y] = await Promise.all([a, b].map((key) => crypto.subtle.sign("HMAC", key, text)));
  const other = new Uint8Array(y);
  return new Uint8Array(x).every((byte, i) => byte === other[i]);
}
