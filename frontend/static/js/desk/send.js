/** Sends the kept clicks, one after the other, and tells the page what became of each. */

import { dropClick, judge, readClicks, refuseClick, toSend } from "./pending.js";

const TIMEOUT_MS = 15_000;
const DELAYS_MS = [2_000, 5_000, 15_000, 30_000, 60_000];

/**
 * @typedef {import("./pending.js").Click} Click
 * @typedef {ReturnType<typeof judge>} Verdict
 */

/**
 * @param {{storage: Storage, who: string, token: () => string, told: (click: Click, verdict: Verdict) => void}} page
 */
export function makeSender({ storage, who, token, told }) {
  let busy = false;
  let failures = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let alarm;

  async function sendAll() {
    if (busy) return;
    busy = true;
    clearTimeout(alarm);
    try {
      for (let next = first(); next; next = first()) {
        const verdict = await sendOne(next, token());
        if (verdict.kind === "done") dropClick(storage, next.id);
        if (verdict.kind === "refused") refuseClick(storage, next.id, verdict.detail ?? "");
        told(next, verdict);
        if (verdict.kind === "later") {
          alarm = setTimeout(sendAll, DELAYS_MS[Math.min(failures++, DELAYS_MS.length - 1)]);
          return;
        }
        if (verdict.kind === "signin" || verdict.kind === "reload") return;
        failures = 0;
      }
    } finally {
      busy = false;
    }
  }

  const first = () => toSend(readClicks(storage), who)[0];

  addEventListener("online", () => sendAll());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") sendAll();
  });
  return sendAll;
}

/**
 * @param {Click} click
 * @param {string} token
 * @returns {Promise<Verdict>}
 */
async function sendOne(click, token) {
  try {
    const answer = await fetch(click.url, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/x-www-form-urlencoded", Accept: "application/json", "X-CSRFToken": token },
      body: click.body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return judge(click, { status: answer.status, redirected: answer.redirected, url: answer.url, json: await readJson(answer) });
  } catch {
    // No network, or too slow: the click is kept and tried again.
    return { kind: "later" };
  }
}

/** @param {Response} answer */
async function readJson(answer) {
  if (!answer.headers.get("Content-Type")?.includes("json")) return null;
  return answer.json();
}
