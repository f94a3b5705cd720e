/**
 * The service worker: opens the report page without network and sends what waits, page closed.
 *
 * `/sw.js` serves this file after the modules it shares with the page, joined into one classic
 * script (ADR 0003), with the list of files of this version in `SHELL`.
 */

import { sendAll } from "./send.js";

/** @type {{version: string, page: string, urls: string[], tiles: string}} */
const SHELL = /** @type {any} */ (globalThis).SHELL;
const scope = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (globalThis));
/** A server that does not answer is no server. */
const PATIENCE_MS = 6000;
const CACHE = `shell-${SHELL.version}`;

scope.addEventListener("install", (event) => event.waitUntil(precache()));
scope.addEventListener("activate", (event) => event.waitUntil(takeOver()));
scope.addEventListener("message", (event) => {
  // Said by a page that holds no draft: until then the old version stays.
  if (event.data === "take-over") event.waitUntil(scope.skipWaiting());
});
scope.addEventListener("fetch", (event) => {
  const answer = answerTo(event.request);
  if (answer) event.respondWith(answer);
});
scope.addEventListener("sync", (event) => {
  const sync = /** @type {ExtendableEvent} */ (event);
  sync.waitUntil(sendAll({ wake: true, patient: true }).then(({ left, busy }) => {
    // Failing on purpose: the browser then tries again by itself.
    if (left || busy) throw new Error("reports are still waiting");
  }));
});

/** All or nothing: a version with a missing file never installs. */
async function precache() {
  const cache = await caches.open(CACHE);
  await Promise.all(SHELL.urls.map(async (url) => {
    // Hashed files may come from the HTTP cache; the page and the forms may not.
    const fresh = !url.startsWith("/static/");
    const answer = await fetch(url, { credentials: "omit", cache: fresh ? "reload" : "default" });
    if (!answer.ok || answer.redirected) throw new Error(`${url}: ${answer.status}`);
    await cache.put(url, answer);
  }));
}

async function takeOver() {
  for (const name of await caches.keys()) {
    if (name.startsWith("shell-") && name !== CACHE) await caches.delete(name);
  }
  await scope.clients.claim();
}

/**
 * @param {Request} request
 * @returns {Promise<Response> | null} null: none of our business
 */
function answerTo(request) {
  if (request.method !== "GET") return null;
  const url = new URL(request.url);
  if (SHELL.tiles && request.url.startsWith(SHELL.tiles)) return kept(request);
  if (url.origin !== scope.location.origin) return null;
  if (request.mode === "navigate") return open(request, url);
  return SHELL.urls.includes(url.pathname) ? kept(request) : null;
}

/**
 * The page itself, from the device first: a server that does not answer must not keep it closed.
 * @param {Request} request
 * @param {URL} url
 */
async function open(request, url) {
  // A known place to correct is read on the server, whenever there is one.
  const wantsServer = url.pathname !== SHELL.page || url.searchParams.has("feature");
  const shell = () => caches.match(SHELL.page, { ignoreVary: true, cacheName: CACHE });
  if (!wantsServer) return (await shell()) ?? fetch(request);
  const page = await shell();
  if (!page) return fetch(request);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS)).then(() => page);
  // What the browser keeps for a minute is not the server: without it, only the application can send later.
  return Promise.race([fetch(request, { cache: "no-cache" }).catch(() => page), late]);
}

/** @param {Request} request */
async function kept(request) {
  return (await caches.match(request, { ignoreVary: true, ignoreSearch: false })) ?? fetch(request);
}
