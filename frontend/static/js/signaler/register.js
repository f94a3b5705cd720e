/** The service worker's life seen from the page, storage that stays, and the home screen. */

/** @type {any} the browser's own offer to install, kept until somebody wants it */
let offer = null;
/** @type {ServiceWorker | null} a new version that waits for this page to be idle */
let waiting = null;
const listeners = new Set();

/**
 * Register the worker once the page is there.
 * @param {string} url
 * @param {{calm: boolean}} state calm: nothing is being written, a new version may take over
 */
export function register(url, { calm }) {
  if (!("serviceWorker" in navigator)) return;
  const start = async () => {
    const registration = await navigator.serviceWorker.register(url, { scope: "/signaler/", updateViaCache: "none" });
    if (registration.waiting && calm && navigator.serviceWorker.controller) takeOver(registration.waiting);
    watch(registration);
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") registration.update().catch(() => {});
    });
  };
  const safely = () => start().catch((error) => console.info("no service worker:", error.message));
  if (document.readyState === "complete") safely();
  else addEventListener("load", safely, { once: true });
}

/** @param {ServiceWorkerRegistration} registration */
function watch(registration) {
  const note = (/** @type {ServiceWorker | null} */ worker) => {
    // Without a controller this is the first version, not a new one.
    if (!worker || !navigator.serviceWorker.controller) return;
    waiting = worker;
    for (const listener of listeners) listener();
  };
  note(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const worker = registration.installing;
    worker?.addEventListener("statechange", () => {
      if (worker.state === "installed") note(worker);
    });
  });
}

/**
 * Let the new version in, and open it.
 * @param {ServiceWorker} worker
 */
function takeOver(worker) {
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  worker.postMessage("take-over");
}

/** @returns {(() => void) | null} what lets the new version in, null when there is none */
export function newVersion() {
  const worker = waiting;
  return worker ? () => takeOver(worker) : null;
}

/**
 * Be told when a new version is ready, or the browser offers to install.
 * @param {() => void} listener
 */
export function onNews(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Ask the browser to keep what is stored; asked after the first report, when it makes sense to people. */
export async function askForRoom() {
  try {
    if (await navigator.storage?.persisted?.()) return true;
    return (await navigator.storage?.persist?.()) ?? false;
  } catch {
    return false;
  }
}

addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  offer = event;
  for (const listener of listeners) listener();
});

/** @returns {(() => void) | null} opens the browser's own installation, null where it offers none */
export function installer() {
  if (!offer) return null;
  return () => {
    offer.prompt();
    offer = null;
  };
}

/** Whether the page runs from the home screen already. */
export function isInstalled() {
  return matchMedia("(display-mode: standalone)").matches || /** @type {any} */ (navigator).standalone === true;
}

/** Safari empties what a site keeps after a week without a visit, unless it is on the home screen. */
export function needsHomeScreen() {
  return /iP(hone|ad|od)/.test(navigator.userAgent) && !isInstalled();
}
