/** When to send: the network comes back, the page is seen again, opens, or somebody asks. */

import { sendAll } from "./send.js";
import { allReports, tellChange } from "./store.js";

/** Another tab is sending: look again after it. */
const BUSY_MS = 3000;
const SOONEST_MS = 5000;
const SYNC_TAG = "envois";

/** @type {ReturnType<typeof setTimeout> | undefined} the next try that is due */
let alarm;
/** @type {ReturnType<typeof setTimeout> | undefined} another look, after whoever is sending */
let again;

/**
 * Try to send now.
 * @param {{force?: boolean, wake?: boolean}} [options]
 */
export async function sendNow(options = { wake: true }) {
  listen();
  const outcome = await sendAll(options);
  tellChange();
  if (outcome.busy) {
    // Apart from the alarm: the try under way, when it fails, must not put off what called for this one.
    clearTimeout(again);
    again = setTimeout(sendNow, BUSY_MS);
    return outcome;
  }
  clearTimeout(alarm);
  if (outcome.left) alarm = setTimeout(() => sendNow({}), await untilNext());
  return outcome;
}

async function untilNext() {
  const waiting = (await allReports()).filter(({ state }) => state === "waiting");
  const soonest = Math.min(...waiting.map(({ not_before: date }) => date));
  return Math.max(SOONEST_MS, Math.min(soonest - Date.now(), 2 ** 30));
}

/** Ask the browser to wake the worker when the network returns, page closed or not; where it can. */
export async function askForSync() {
  try {
    const registration = await navigator.serviceWorker?.getRegistration("/signaler/");
    // @ts-expect-error Background Sync is not in TypeScript's list: Chromium has it alone.
    await registration?.sync?.register(SYNC_TAG);
  } catch {
    // Refused by the person's settings: the other triggers remain.
  }
}

let listening = false;

/** From the first try on, each occasion is one more. */
function listen() {
  if (listening) return;
  listening = true;
  addEventListener("online", () => sendNow());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") sendNow();
  });
}
