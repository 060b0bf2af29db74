// What this browser keeps: one record in IndexedDB, so that every change is
// whole. Its form: {accounts, vault}. An account has id, issuer, account and a
// key that can't be read; with a passphrase (vault) it has id and sealed instead.

const empty = { accounts: [], vault: null };
let opened;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("tfa-otp", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("state");
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
    request.onsuccess = () => {
      request.result.onclose = () => (opened = undefined);
      resolve(request.result);
    };
  });
  opened.catch(() => (opened = undefined));
  return opened;
}

export async function load() {
  const transaction = (await database()).transaction("state");
  return new Promise((resolve, reject) => {
    const request = transaction.objectStore("state").get("all");
    request.onsuccess = () => resolve(request.result ?? empty);
    transaction.onabort = () => reject(transaction.error);
  });
}

// change hands the state to alter and keeps what it returns. It is on the disk
// when the promise is kept: who closes the browser then, loses nothing. Other
// windows with this page wait for their turn, so that none overwrites another.
export async function change(alter) {
  const transaction = (await database()).transaction("state", "readwrite", { durability: "strict" });
  const store = transaction.objectStore("state");
  let state;
  await new Promise((resolve, reject) => {
    const request = store.get("all");
    request.onsuccess = () => {
      try {
        state = alter(structuredClone(request.result ?? empty));
        if (state.accounts.length === 0) state.vault = null;
        store.put(state, "all");
      } catch (error) {
        transaction.abort();
        reject(error);
      }
    };
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });
  remember(state.accounts.length > 0);
  others.postMessage("changed");
  return state;
}

// Windows with this page tell each other of changes. A browser that is too old
// for that must get as far as being told so.
const others = window.BroadcastChannel && new BroadcastChannel("tfa-otp");

export const onChange = (listener) => others.addEventListener("message", listener);

// A mark in another store outlives cleaners that leave that one alone: without
// accounts it means that somebody else removed them.
const mark = "tfa-otp-had-accounts";

function remember(has) {
  if (has) localStorage.setItem(mark, "yes");
  else localStorage.removeItem(mark);
}

export const hadAccounts = () => localStorage.getItem(mark) !== null;
