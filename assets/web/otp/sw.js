// The service worker: keeps the page, so that it opens at once and without a
// network, and asks the host what time it is. Two lines that stand before this
// when it is served say which files there are, and a version of all of them.

const cacheName = `tfa-otp ${version}`;

self.addEventListener("install", (event) => {
  event.waitUntil(Promise.all(files.map(keep)).then(() => self.skipWaiting()));
});

// keep fetches a file. "no-cache" asks the host whether it has changed, so that
// no old one gets into a new version.
async function keep(file) {
  const response = await fetch(file, { cache: "no-cache" });
  if (!response.ok) throw new Error(`${file}: status ${response.status}`);
  const cache = await caches.open(cacheName);
  // Browsers don't take an answer for a page that came by a redirect.
  await cache.put(file, response.redirected ? new Response(response.body, response) : response);
}

self.addEventListener("activate", (event) => {
  event.waitUntil(removeOld().then(() => self.clients.claim()));
});

async function removeOld() {
  const old = (await caches.keys()).filter((name) => name.startsWith("tfa-otp ") && name !== cacheName);
  await Promise.all(old.map((name) => caches.delete(name)));
}

self.addEventListener("fetch", (event) => {
  if (event.request.method === "GET") event.respondWith(answer(event.request));
});

// answer gives the file that is kept. Others come from the host; of our own,
// that is the reader of QR codes, which is then kept too.
async function answer(request) {
  const cache = await caches.open(cacheName);
  const kept = await cache.match(request, { ignoreSearch: true });
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok && request.url === new URL("qr.js", self.registration.scope).href) await cache.put(request, response.clone());
  return response;
}

self.addEventListener("message", (event) => {
  if (event.data === "time") event.waitUntil(time().then((told) => event.ports[0].postMessage(told)));
});

// time returns the host's date with this computer's times around it, or null.
// The date has whole seconds, cut off.
async function time() {
  const before = Date.now();
  try {
    const response = await fetch(`icon.svg?${before}`, { method: "HEAD", cache: "no-store" });
    const date = Date.parse(response.headers.get("Date"));
    const isOld = response.headers.has("Age"); // a cache between us and the host has answered
    return isOld || Number.isNaN(date) ? null : { before, after: Date.now(), date: date + 500 };
  } catch {
    return null; // no network
  }
}
