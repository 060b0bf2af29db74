// The accounts of this browser, as the page shows them: a list of {id, issuer,
// account, key}, whether they are kept under a passphrase or not.

import { change, load } from "./store.js";
import { importKey, sameKeys } from "./totp.js";
import { newVault, seal, unlock, unseal } from "./vault.js";
import { text } from "./texts.js";

let vault = null; // what has to be known to unlock, if there is a passphrase
let vaultKey = null; // while it is unlocked
let list = [];

export const accounts = () => list;
export const isLocked = () => vault !== null && vaultKey === null;
export const hasPassphrase = () => vault !== null;

// refresh reads what is kept, also after another window has changed it.
export async function refresh() {
  const state = await load();
  const isOther = String(vault?.salt) !== String(state.vault?.salt);
  vault = state.vault;
  if (!vault || isOther) vaultKey = null;
  list = isLocked() ? [] : await Promise.all(state.accounts.map(open));
}

async function open(kept) {
  if (!kept.sealed) return kept;
  const { issuer, account, secret } = await unseal(vaultKey, kept.sealed);
  return { id: kept.id, issuer, account, key: await importKey(secret) };
}

// unlockWith returns whether the passphrase was right.
export async function unlockWith(passphrase) {
  try {
    vaultKey = await unlock(vault, passphrase);
    await refresh();
    return true;
  } catch (error) {
    if (error.name !== "OperationError") throw error;
    vaultKey = null;
    return false;
  }
}

export async function lock() {
  vaultKey = null;
  await refresh();
}

// plan sorts new keys: those to add, the names of those that are here already,
// and accounts that are here with another secret (after a reset).
export async function plan(keys) {
  const found = { add: [], same: [], other: [] };
  for (const { issuer, account, secret } of keys) {
    const key = await importKey(secret);
    const known = [...list, ...found.add];
    const same = await Promise.all(known.map((one) => sameKeys(one.key, key)));
    if (same.includes(true)) {
      found.same.push(nameOf(known[same.indexOf(true)]));
      continue;
    }
    const one = { id: crypto.randomUUID(), issuer, account: account || unnamed(known), key, secret };
    found.other.push(...list.filter((old) => account && old.issuer === issuer && old.account === account));
    found.add.push(one);
  }
  return found;
}

export const nameOf = ({ issuer, account }) => [issuer, account].filter(Boolean).join(" ");

// unnamed returns a name for a secret that came without one.
function unnamed(known) {
  for (let n = 1; ; n++) {
    const name = text("unnamed", { N: n });
    if (!known.some(({ account }) => account === name)) return name;
  }
}

// add keeps new accounts; the old ones of replaced are removed. A passphrase
// counts for the first accounts: later ones are kept like these.
export async function add(fresh, replaced, passphrase) {
  let newOne = vault;
  let key = vaultKey;
  if (passphrase && list.length === 0) {
    newOne = newVault();
    key = await unlock(newOne, passphrase);
  }
  const kept = await Promise.all(fresh.map((one) => keepable(one, key)));
  const gone = replaced.map(({ id }) => id);
  await change((state) => {
    if (String(state.vault?.salt) !== String(vault?.salt)) throw new Error("another window has set a passphrase");
    return { accounts: [...state.accounts.filter(({ id }) => !gone.includes(id)), ...kept], vault: newOne };
  });
  vault = newOne;
  vaultKey = key;
  await refresh();
}

async function keepable({ id, issuer, account, key, secret }, sealing) {
  return sealing ? { id, sealed: await seal(sealing, { issuer, account, secret }) } : { id, issuer, account, key };
}

export async function rename(id, account) {
  let sealed = null;
  if (vault) {
    const kept = (await load()).accounts.find((one) => one.id === id);
    if (kept) sealed = await seal(vaultKey, { ...(await unseal(vaultKey, kept.sealed)), account });
  }
  const renamed = (one) => (one.id !== id ? one : sealed ? { id, sealed } : { ...one, account });
  await change((state) => ({ ...state, accounts: state.accounts.map(renamed) }));
  await refresh();
}

// move puts an account one place up (-1) or down (1).
export async function move(id, by) {
  await change((state) => {
    const at = state.accounts.findIndex((one) => one.id === id);
    const to = Math.min(Math.max(at + by, 0), state.accounts.length - 1);
    if (at >= 0) state.accounts.splice(to, 0, ...state.accounts.splice(at, 1));
    return state;
  });
  await refresh();
}

export async function remove(id) {
  await change((state) => ({ ...state, accounts: state.accounts.filter((one) => one.id !== id) }));
  await refresh();
}

export async function wipe() {
  await change(() => ({ accounts: [], vault: null }));
  await refresh();
}
