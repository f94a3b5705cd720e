/**
 * Sends what waits on this device, once, whole, in order. Shared by the page and the service worker.
 *
 * A report leaves the queue only on a JSON answer that echoes its id. Whatever else happens, it
 * stays with the reason, and the very same body is sent again: the server knows it by its id.
 */

import { freeze, judge, makeId, makeSecret, waitAfter } from "./payload.js";
import { solve } from "./proof.js";
import { allReports, changeReport, photosOf, readSetting, removePhoto, renameReport, saveSetting, takeLease, tellChange } from "./store.js";

/** @typedef {{status: number, json: any, retryAfter: string | null}} Answer status 0: the network failed */

export const LOCK = "reperes-envoi";
const TEXT_MS = 20000;
const PHOTO_MS = 60000;
const LEASE_MS = 90000;
/** The window of `moderation.author.correct`; the server has the last word. */
const CORRECTION_MS = 3600000;
const API = "/api/v1/contributions/";
/** Worth a try as soon as something changes, whatever the back-off says. */
const WAKES = ["", "network", "portal", "signin"];

/**
 * Send all that is due. `force` ignores every delay; `wake` those of the network only; `patient`
 * waits for who is sending already, and goes on after them: a tab may be closed in the middle.
 * @param {{force?: boolean, wake?: boolean, patient?: boolean}} [options]
 * @returns {Promise<{sent: number, left: number, busy: boolean}>}
 */
export async function sendAll({ force = false, wake = false, patient = false } = {}) {
  const idle = { sent: 0, left: 0, busy: true };
  if (globalThis.navigator?.locks) {
    return navigator.locks.request(LOCK, { ifAvailable: !patient }, (lock) => (lock ? sendDue(force, wake) : idle));
  }
  if (!(await takeLease(LOCK, Date.now() + LEASE_MS, Date.now()))) return idle;
  try {
    return await sendDue(force, wake);
  } finally {
    await saveSetting(LOCK, 0);
  }
}

/**
 * @param {boolean} force
 * @param {boolean} wake
 */
async function sendDue(force, wake) {
  let sent = 0;
  let left = 0;
  let cut = false;
  for (const { id, state } of await allReports()) {
    if (state !== "waiting") continue;
    const report = await changeReport(id, () => {});
    if (!report || report.state !== "waiting") continue;
    const due = force || report.not_before <= Date.now() || (wake && WAKES.includes(report.held));
    if (!due || cut) {
      left += 1;
      continue;
    }
    const outcome = await sendSafely(report);
    if (outcome === "done") sent += 1;
    else if (outcome !== "refused") left += 1;
    // No network for one is no network for the next.
    cut = outcome === "network" || outcome === "portal";
    tellChange();
  }
  return { sent, left, busy: false };
}

/**
 * One that is damaged, or that the device has no room to note, stays; the others must not wait for it.
 * @param {DeviceReport} report
 */
async function sendSafely(report) {
  try {
    return await sendOne(report);
  } catch (error) {
    console.error(error);
    return hold(report, "server", { status: 0, json: null, retryAfter: null }).catch(() => "server");
  }
}

/**
 * @param {DeviceReport} report
 * @returns {Promise<string>} "done", "refused", or why it is kept
 */
async function sendOne(report) {
  if (report.kind === "correction") return sendCorrection(report);
  if (!report.receipt) {
    const outcome = await sendText(report);
    if (outcome !== "done") return outcome;
  }
  return sendPhotos(report.id);
}

/**
 * @param {DeviceReport} report
 * @returns {Promise<string>}
 */
async function sendText(report) {
  const desk = report.desk ? await deskHeaders() : null;
  if (desk && !desk.ok) return hold(report, desk.why, desk.answer);
  const { place } = report;
  const challenge = report.desk ? null : await ask(challengeUrl(place), { method: "GET" }, TEXT_MS);
  if (challenge && judge(challenge, (json) => "challenge" in json) !== "done") {
    const why = challenge.status ? judge(challenge, (json) => "challenge" in json) : "network";
    // A place the server cannot judge is for the report itself to be refused on.
    if (why !== "refused") return hold(report, why, challenge);
  }
  const solution = challenge?.json?.challenge ? await solve(challenge.json.challenge) : null;
  const clock = Date.parse(challenge?.json?.now ?? "");
  const offset = Number.isNaN(clock) ? 0 : clock - Date.now();
  // Written before the first try: a process killed now sends the same bytes again.
  const frozen = await changeReport(report.id, (row) => {
    row.frozen ??= freeze(row, offset, Date.now());
    row.tries += 1;
  });
  if (!frozen?.frozen) return "gone";
  const body = { ...frozen.frozen, challenge: solution, ...(await workshop()) };
  const answer = await ask(API, { method: "POST", body, desk: desk?.headers }, TEXT_MS);
  const why = answer.status ? judge(answer, (json) => json.id === report.id) : "network";
  if (why === "done") return receive(report.id, answer.json);
  if (why === "conflict") return settleConflict(report, answer);
  if (why === "refused" && answer.json.errors?.workshop) {
    await saveSetting("workshop", null);
    return hold(report, "limit", answer);
  }
  if (why === "refused") return refuse(report.id, answer);
  return hold(report, why, answer);
}

/** @param {DeviceReport["place"]} place */
function challengeUrl(place) {
  const where = place ? `&lon=${place.lon}&lat=${place.lat}` : "";
  return `/api/v1/defi/?action=contribution${where}`;
}

/** @returns {Promise<{workshop?: string}>} the code of a class or a town-hall computer, while it lasts */
async function workshop() {
  const kept = await readSetting("workshop");
  return kept && kept.until > Date.now() ? { workshop: kept.code } : {};
}

/**
 * Fresh rights for somebody of the town hall: a token kept from yesterday would be refused.
 * @returns {Promise<{ok: boolean, headers: Record<string, string>, why: string, answer: Answer}>}
 */
async function deskHeaders() {
  const answer = await ask("/api/v1/guichet/", { method: "GET", desk: {} }, TEXT_MS);
  const why = answer.status ? judge(answer, (json) => typeof json.csrf === "string") : "network";
  if (why === "done") return { ok: true, headers: { "X-CSRFToken": answer.json.csrf }, why, answer };
  return { ok: false, headers: {}, why: why === "refused" ? "signin" : why, answer };
}

/**
 * @param {string} id
 * @param {Record<string, any>} receipt
 */
async function receive(id, receipt) {
  await changeReport(id, (row) => {
    row.receipt = receipt;
    row.commune = { code: receipt.commune.code, nom: receipt.commune.nom, nearBorder: receipt.near_border };
    row.sent_at = new Date().toISOString();
    row.status = receipt.status;
    row.correct_until = new Date(Date.parse(receipt.received_at) + CORRECTION_MS).toISOString();
    row.held = "";
    row.error = null;
  });
  return "done";
}

/**
 * The id is taken by another content: ours if our secret opens it, somebody else's if not.
 * @param {DeviceReport} report
 * @param {Answer} refusal
 */
async function settleConflict(report, refusal) {
  const found = await ask(`${API}${report.id}/`, { method: "GET", secret: report.secret }, TEXT_MS);
  if (!found.status) return hold(report, "network", found);
  if (found.status === 404 && found.json) {
    await renameReport(report.id, makeId(), makeSecret());
    return "renamed";
  }
  if (judge(found, (json) => json.id === report.id) !== "done") return hold(report, "server", refusal);
  return receive(report.id, found.json);
}

/**
 * Send the photos that wait, one request each; then only what the follow-up needs is kept.
 * @param {string} id
 * @returns {Promise<string>}
 */
async function sendPhotos(id) {
  for (const photo of await photosOf(id)) {
    const report = await changeReport(id, () => {});
    if (!report) return "gone";
    const options = { method: "PUT", secret: report.secret, bytes: photo.bytes, type: photo.type };
    const answer = await ask(`${API}${id}/photos/${photo.n}`, options, PHOTO_MS);
    const why = answer.status ? judge(answer, (json) => json.n === photo.n) : "network";
    if (!["done", "conflict", "refused"].includes(why)) {
      await changeReport(id, (row) => {
        row.tries += 1;
      });
      return hold(report, why, answer);
    }
    await changeReport(id, (row) => {
      const state = row.photos.find(({ n }) => n === photo.n);
      if (!state) return;
      state.state = why === "done" ? "sent" : "refused";
      state.reason = why === "done" ? "" : answer.json.detail;
    });
    await removePhoto(id, photo.n);
  }
  await changeReport(id, forgetContent);
  return "done";
}

/**
 * What was sent is the server's: the device keeps how to follow it, no more.
 * @param {DeviceReport} row
 */
function forgetContent(row) {
  row.state = "sent";
  row.not_before = 0;
  row.held = "";
  row.frozen = null;
  row.email = "";
  if (row.desk) row.secret = "";
}

/**
 * @param {DeviceReport} report
 * @returns {Promise<string>}
 */
async function sendCorrection(report) {
  const { place } = report;
  const body = {
    attributes: report.attributes,
    geometry: place ? { type: "Point", coordinates: [place.lon, place.lat] } : null,
    observed_at: report.observed.at,
  };
  const answer = await ask(`${API}${report.id}/correction/`, { method: "POST", body, secret: report.secret }, TEXT_MS);
  const why = answer.status ? judge(answer, (json) => json.id === report.id) : "network";
  if (why === "done") {
    await changeReport(report.id, (row) => {
      row.kind = "report";
      row.status = answer.json.status;
      row.correct_until = answer.json.correct_until ?? row.correct_until;
      forgetContent(row);
    });
    return "done";
  }
  if (why === "refused" || why === "conflict") return refuse(report.id, answer);
  return hold(report, why, answer);
}

/**
 * Keep a report, with why and until when.
 * @param {DeviceReport} report
 * @param {string} why
 * @param {Answer} answer
 */
async function hold(report, why, answer) {
  await changeReport(report.id, (row) => {
    row.held = why;
    if (why === "network" || why === "portal") row.offline = true;
    row.not_before = Date.now() + waitAfter(row.tries, answer.retryAfter, Math.random());
    if (why !== "pause") return;
    // Nothing was stored under this id: until the pause ends, it may still be changed.
    row.frozen = null;
    row.error = { status: answer.status, detail: answer.json.detail, errors: {} };
  });
  return why;
}

/**
 * The server will never take it as it is: it stays, to be corrected by the person.
 * @param {string} id
 * @param {Answer} answer
 */
async function refuse(id, { status, json }) {
  await changeReport(id, (row) => {
    row.state = "refused";
    row.held = "";
    // Nothing was stored under this id: what is corrected may be frozen anew.
    row.frozen = null;
    row.error = { status, detail: json.detail, errors: json.errors ?? {} };
  });
  return "refused";
}

/**
 * One request, which never follows a redirection (a portal, a sign-in page) nor hangs for ever.
 * @param {string} url
 * @param {{method: string, body?: object, bytes?: ArrayBuffer, type?: string, secret?: string,
 *   desk?: Record<string, string>}} options
 * @param {number} patience milliseconds
 * @returns {Promise<Answer>}
 */
async function ask(url, { method, body, bytes, type, secret, desk }, patience) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", ...desk };
  if (secret) headers["X-Suivi"] = secret;
  if (body) headers["Content-Type"] = "application/json";
  if (bytes) headers["Content-Type"] = type ?? "image/jpeg";
  const watchdog = new AbortController();
  const alarm = setTimeout(() => watchdog.abort(), patience);
  try {
    const answer = await fetch(url, {
      method,
      headers,
      body: body ? JSON.stringify(body) : bytes,
      cache: "no-store",
      redirect: "error",
      credentials: desk ? "same-origin" : "omit",
      signal: watchdog.signal,
    });
    const isJson = /[/+]json/.test(answer.headers.get("Content-Type") ?? "");
    const json = isJson ? await answer.json() : null;
    return { status: answer.status, json, retryAfter: answer.headers.get("Retry-After") };
  } catch {
    // Cut, refused, redirected, too long, or JSON that stops half-way: all the same to a person waiting.
    return { status: 0, json: null, retryAfter: null };
  } finally {
    clearTimeout(alarm);
  }
}
