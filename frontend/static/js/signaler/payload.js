/** What a report becomes on the wire. Pure, shared by the page and the service worker. */

/** A clock this wrong is corrected; below, it is the network's own delay. */
const CLOCK_TOLERANCE_MS = 120000;
/** A report that waited longer than this before its first try was written without network. */
const AT_ONCE_MS = 60000;
const HOUR_MS = 3600000;
const FIRST_WAIT_MS = 30000;
/** What the server asks to wait for may end before it said. */
const LONGEST_MS = 6 * HOUR_MS;

/** @returns {string} a random UUID, version 4, also where `randomUUID` is missing (page not secure) */
export function makeId() {
  if (globalThis.crypto.randomUUID) return globalThis.crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** @returns {string} 192 random bits, URL-safe: what opens the follow-up */
export function makeSecret() {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}

/**
 * When it was seen, by the server's clock.
 *
 * A moment taken from a wrong device clock is moved by the offset measured at send time; a day
 * that the person chose is left alone, and nothing is ever in the future.
 * @param {DeviceReport["observed"]} observed
 * @param {number} offset server minus device, milliseconds
 * @param {number} now device clock, milliseconds
 * @returns {string} ISO 8601, UTC
 */
export function observedAt({ at, chosen }, offset, now) {
  const wrong = Math.abs(offset) > CLOCK_TOLERANCE_MS;
  const moment = Date.parse(at) + (wrong && !chosen ? offset : 0);
  return new Date(Math.min(moment, now + offset)).toISOString();
}

/**
 * The content of a report as the API takes it, with neither id nor secret.
 * @param {DeviceReport} report
 * @returns {Record<string, any>}
 */
export function toSubmission(report) {
  const { place } = report;
  return {
    couche: report.couche,
    operation: report.operation,
    feature: report.feature,
    geometry: place ? { type: "Point", coordinates: [place.lon, place.lat] } : null,
    attributes: report.attributes,
    observed_at: report.observed.at,
    accuracy_m: place?.accuracy ?? null,
    position_source: place?.source ?? "coordinates",
    email: report.email || null,
  };
}

/**
 * The body of `POST contributions/`, less the challenge: made once, sent again as it is.
 * @param {DeviceReport} report
 * @param {number} offset
 * @param {number} now
 * @returns {Record<string, any>}
 */
export function freeze(report, offset, now) {
  const late = report.offline || report.tries > 0 || now - Date.parse(report.saved_at ?? "") > AT_ONCE_MS;
  return {
    ...toSubmission(report),
    id: report.id,
    secret: report.secret,
    observed_at: observedAt(report.observed, offset, now),
    channel: report.desk ? "desk" : late ? "offline" : report.embed ? "embed" : "web",
  };
}

/**
 * How long to wait before the next try: it doubles up to an hour, give or take a quarter so
 * that a whole village does not come back at the same second; the server's own word wins.
 * @param {number} tries tries already made
 * @param {string | null} retryAfter seconds, as a header
 * @param {number} chance between 0 and 1
 * @returns {number} milliseconds
 */
export function waitAfter(tries, retryAfter, chance) {
  const grown = Math.min(HOUR_MS, FIRST_WAIT_MS * 2 ** Math.min(Math.max(tries, 1) - 1, 8));
  const asked = Math.min(Number(retryAfter) * 1000 || 0, LONGEST_MS);
  return Math.max(grown * (0.75 + chance / 2), asked);
}

/**
 * What an answer means for a report.
 *
 * Success is only a JSON 2xx that names the report: a captive portal answers 200 too.
 * @param {{status: number, json: any}} answer `json` is null when the body is not JSON
 * @param {(json: any) => boolean} isOurs
 * @returns {"done" | "portal" | "signin" | "stale" | "pause" | "conflict" | "limit" | "server" | "refused"}
 */
export function judge({ status, json }, isOurs) {
  if (status >= 200 && status < 300) return json && isOurs(json) ? "done" : "portal";
  if (status === 429) return "limit";
  if (status === 408 || status === 425 || status >= 500) return "server";
  // Somebody else's page: a filter, a portal, a proxy. Ours always answers in JSON.
  if (!json || !("detail" in json)) return "portal";
  if (status === 401) return "signin";
  if (status === 403 && String(json.type).endsWith("jeton-perime")) return "stale";
  if (status === 403 && String(json.type).endsWith("zone-en-pause")) return "pause";
  return status === 409 ? "conflict" : "refused";
}
