// With a passphrase, accounts are kept as AES-GCM, under a key that PBKDF2 makes
// of it. The key is in memory only, from unlocking until the page is closed.

const rounds = 600_000; // OWASP's figure for PBKDF2 with SHA-256
const purpose = new TextEncoder().encode("evry.nl/tfa/otp/1");

// newVault returns what has to be kept beside the accounts: nothing secret.
export const newVault = () => ({ salt: crypto.getRandomValues(new Uint8Array(16)), rounds });

export async function unlock(vault, passphrase) {
  const bytes = new TextEncoder().encode(passphrase.normalize("NFC"));
  const base = await crypto.subtle.importKey("raw", bytes, "PBKDF2", false, ["deriveKey"]);
  const derivation = { name: "PBKDF2", hash: "SHA-256", salt: vault.salt, iterations: vault.rounds };
  return crypto.subtle.deriveKey(derivation, base, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

// seal keeps an account: issuer, account and secret, as one text.
export async function seal(key, { issuer, account, secret }) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const text = new TextEncoder().encode(JSON.stringify({ issuer, account, secret: [...secret] }));
  return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: purpose }, key, text) };
}

// unseal throws an OperationError if the passphrase is another one.
export async function unseal(key, { iv, data }) {
  const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: purpose }, key, data);
  const { issuer, account, secret } = JSON.parse(new TextDecoder().decode(text));
  return { issuer, account, secret: new Uint8Array(secret) };
}
