/** The queue as a file: written and read back, whole. Pure. */

import { newDraft } from "./draft.js";

const FORMAT = "reperes-envois";
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SECRET = /^[A-Za-z0-9_-]{22,128}$/;
const STATES = ["draft", "waiting", "refused", "sent"];
const MOST_REPORTS = 2000;

/**
 * @param {DeviceReport[]} reports
 * @param {Photo[]} photos
 * @param {Date} now
 * @returns {string} JSON
 */
export function writeBackup(reports, photos, now) {
  const packed = photos.map(({ id, n, type, bytes }) => ({ id, n, type, base64: toBase64(new Uint8Array(bytes)) }));
  return JSON.stringify({ format: FORMAT, version: 1, made_at: now.toISOString(), reports, photos: packed });
}

/**
 * Read a file back; throws SyntaxError or TypeError when it is not one of ours.
 * @param {string} text
 * @returns {{reports: DeviceReport[], photos: Photo[]}}
 */
export function readBackup(text) {
  const document = JSON.parse(text);
  if (document?.format !== FORMAT || !Array.isArray(document.reports) || document.reports.length > MOST_REPORTS) throw new TypeError("format");
  const reports = document.reports.map(readOne);
  const ids = new Set(reports.map((/** @type {DeviceReport} */ report) => report.id));
  const photos = (document.photos ?? []).filter((/** @type {any} */ one) => ids.has(one.id) && [1, 2, 3].includes(one.n) && typeof one.base64 === "string");
  return { reports, photos: photos.map((/** @type {any} */ one) => ({ id: one.id, n: one.n, type: String(one.type), bytes: fromBase64(one.base64) })) };
}

/**
 * Only the fields we know, on top of a blank report: a file from an older version lacks some.
 * @param {any} raw
 * @returns {DeviceReport}
 */
function readOne(raw) {
  if (!UUID.test(raw?.id) || !STATES.includes(raw.state) || typeof raw.couche !== "string") throw new TypeError("report");
  if (raw.secret !== "" && !SECRET.test(raw.secret)) throw new TypeError("secret");
  const blank = newDraft({ slug: raw.couche, title: String(raw.couche_title ?? raw.couche) });
  const known = Object.fromEntries(Object.keys(blank).filter((name) => name in raw).map((name) => [name, raw[name]]));
  // Another device does not know what this one was waiting for.
  return { ...blank, ...known, not_before: 0 };
}

/** @param {Uint8Array} bytes */
function toBase64(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}

/** @param {string} text */
function fromBase64(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
}
