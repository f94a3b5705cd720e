/** A report in the making. Pure: no DOM, no storage. */

import { makeId, makeSecret } from "./payload.js";

/**
 * A new draft about a couche.
 * @param {{slug: string, title: string}} couche
 * @param {Partial<DeviceReport>} [known] what earlier reports or the address already say
 * @param {Date} [now]
 * @returns {DeviceReport}
 */
export function newDraft(couche, known = {}, now = new Date()) {
  return {
    id: makeId(),
    secret: makeSecret(),
    kind: "report",
    state: "draft",
    couche: couche.slug,
    couche_title: couche.title,
    operation: "create",
    feature: null,
    feature_title: "",
    place: null,
    commune: null,
    attributes: {},
    observed: { at: now.toISOString(), chosen: false },
    email: "",
    photos: [],
    desk: false,
    embed: false,
    other: false,
    created_at: now.toISOString(),
    saved_at: null,
    offline: false,
    tries: 0,
    not_before: 0,
    held: "",
    error: null,
    frozen: null,
    receipt: null,
    sent_at: null,
    status: "",
    status_label: "",
    reason: "",
    correct_until: null,
    settled_at: null,
    checked_at: null,
    ...known,
  };
}

/**
 * Turn a draft into one that waits to be sent.
 * @param {DeviceReport} report
 * @param {{now: Date, online: boolean}} when
 * @returns {DeviceReport}
 */
export function ready(report, { now, online }) {
  return { ...report, state: "waiting", saved_at: now.toISOString(), offline: !online, not_before: 0, held: "", error: null };
}

/**
 * Whether its content may still change on the device: once a try was made, the server may have it.
 * @param {DeviceReport} report
 * @returns {boolean}
 */
export function isEditable({ state, frozen, kind }) {
  if (kind === "correction") return state === "refused";
  return state === "draft" || state === "refused" || (state === "waiting" && !frozen);
}

/**
 * Whether the author may still correct what was sent.
 * @param {DeviceReport} report
 * @param {number} now
 * @returns {boolean}
 */
export function isCorrectable({ state, status, correct_until: until, secret, operation }, now) {
  const describes = operation === "create" || operation === "update";
  return state === "sent" && status === "SUBMITTED" && describes && Boolean(secret) && until !== null && Date.parse(until) > now;
}

/**
 * A day as a date field writes it, by the device's own clock.
 * @param {Date} date
 * @returns {string} "2026-05-04"
 */
export function localDay(date) {
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/**
 * The moment of a day chosen by hand: its noon, or now while noon is to come.
 * @param {string} day "2026-05-04"
 * @param {Date} now
 * @returns {string | null} ISO 8601; null when it is no day, or one to come, or of the last century
 */
export function momentOfDay(day, now) {
  const noon = new Date(`${day}T12:00:00`);
  if (Number.isNaN(noon.getTime()) || noon.getFullYear() < 2000) return null;
  if (noon > now && noon.toDateString() !== now.toDateString()) return null;
  return new Date(Math.min(noon.getTime(), now.getTime())).toISOString();
}

/**
 * The author's page: its fragment, with the secret, never reaches a server.
 * @param {DeviceReport} report
 */
export function followUp({ id, secret }) {
  return `/suivi/#${id}.${secret}`;
}

/**
 * What the next report in a row keeps of this one: place, commune, and what the device remembers.
 * @param {DeviceReport} report
 * @returns {Partial<DeviceReport>}
 */
export function keptForNext({ place, commune, desk, other, embed }) {
  return { place, commune, desk, other, embed };
}

/**
 * Whether the address given is the device's own, to be offered next time.
 *
 * Not when somebody else's report was typed, nor for a correction: the device forgot the address
 * when the report left, and an empty field there says nothing.
 * @param {DeviceReport} report
 * @returns {boolean}
 */
export function ownsAddress({ kind, other }) {
  return kind === "report" && !other;
}

/**
 * Operators (or other repeated keys) named in the answers, to come first next time.
 * @param {Record<string, any>} attributes
 * @param {Record<string, any>} definitions `properties` of the couche's schema
 * @returns {Record<string, string[]>}
 */
export function keysToRemember(attributes, definitions) {
  /** @type {Record<string, string[]>} */
  const kept = {};
  for (const [name, definition] of Object.entries(definitions)) {
    const key = definition["x-key"];
    if (key && Array.isArray(attributes[name])) kept[name] = attributes[name].map((row) => row[key]).filter(Boolean);
  }
  return kept;
}
