/**
 * Decisions on their way: kept on this device until the server has answered each by its name.
 *
 * A click is written here before it is sent, so that a cut line, a closed tab or an ended session
 * loses nothing silently. The storage is handed over by the page.
 */

const TIMEOUT_MS = 15_000;
const DELAYS_MS = [2_000, 5_000, 15_000, 30_000, 60_000];

/**
 * @typedef {object} Click
 * @property {string} id the gesture's UUID, made by the page: the server does it once
 * @property {string} url where it is sent
 * @property {string} body urlencoded form, without any CSRF token
 * @property {string} title what was decided, for the person
 * @property {string} link where the report is read
 * @property {string} who the account's own mark: nobody else's session sends it
 * @property {number} at when it was made, milliseconds
 * @property {string} [refused] why the server did not take it
 */

const KEY = "reperes-gestes";

/**
 * @param {Pick<Storage, "getItem">} storage
 * @returns {Click[]}
 */
export function readClicks(storage) {
  try {
    const found = JSON.parse(storage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter((one) => one && typeof one.id === "string" && typeof one.body === "string") : [];
  } catch {
    // Not ours, or damaged: nothing of it can be sent.
    return [];
  }
}

/**
 * @param {Pick<Storage, "setItem" | "removeItem">} storage
 * @param {Click[]} clicks
 */
function write(storage, clicks) {
  if (clicks.length) storage.setItem(KEY, JSON.stringify(clicks));
  else storage.removeItem(KEY);
}

/**
 * Keep a click; the same id takes the place of the first.
 * @param {Storage} storage
 * @param {Click} click
 */
export function keepClick(storage, click) {
  write(storage, [...readClicks(storage).filter(({ id }) => id !== click.id), click]);
}

/**
 * @param {Storage} storage
 * @param {string} id
 */
export function dropClick(storage, id) {
  write(storage, readClicks(storage).filter((one) => one.id !== id));
}

/**
 * Keep beside a click why it was refused: it is not sent again, and not forgotten either.
 * @param {Storage} storage
 * @param {string} id
 * @param {string} why
 */
export function refuseClick(storage, id, why) {
  write(storage, readClicks(storage).map((one) => (one.id === id ? { ...one, refused: why } : one)));
}

/**
 * What is to be sent for this account, oldest first.
 * @param {Click[]} clicks
 * @param {string} who
 */
export function toSend(clicks, who) {
  return clicks.filter((one) => one.who === who && !one.refused).sort((one, other) => one.at - other.at);
}

/**
 * What an answer means for a click. Only JSON that names the click is an answer to it: a hotel's
 * portal, a proxy's page or the sign-in form say nothing of the decision.
 * @param {Click} click
 * @param {{status: number, redirected: boolean, url: string, json: any}} answer `json` null when it is none
 * @returns {{kind: "done" | "refused" | "later" | "signin" | "reload", detail?: string, remaining?: number}}
 */
export function judge(click, { status, redirected, url, json }) {
  if (redirected && url.includes("/compte/connexion/")) return { kind: "signin" };
  if (json?.id !== click.id) return { kind: status === 403 && !redirected ? "reload" : "later" };
  if (status < 300 && json.applied > 0) return { kind: "done", remaining: json.remaining };
  if (status === 429 || status >= 500) return { kind: "later" };
  return { kind: "refused", detail: String(json.detail ?? ""), remaining: json.remaining };
}

/**
 * What became of a click.
 * @typedef {ReturnType<typeof judge>} Verdict
 */

/**
 * Send the kept clicks, one after the other, and tell the page what became of each.
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
