/**
 * Decisions on their way: kept on this device until the server has answered each by its name.
 *
 * A click is written here before it is sent, so that a cut line, a closed tab or an ended session
 * loses nothing silently. Everything is pure but the storage, which the page hands over.
 */

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
