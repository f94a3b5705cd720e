/** Which commune, which known places: from the packs this device holds, then from the server. */

import { findCommune, nearFeatures, searchPlaces } from "./commune.js";
import { allPacks, savePack } from "./store.js";

const PATIENCE_MS = 8000;

/**
 * Ask the server for JSON; null whatever the reason it does not come.
 * @param {string} url
 * @param {RequestInit} [options]
 * @returns {Promise<{status: number, json: any} | null>}
 */
export async function getJson(url, options = {}) {
  const watchdog = new AbortController();
  const alarm = setTimeout(() => watchdog.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(url, { credentials: "omit", redirect: "error", signal: watchdog.signal, ...options });
    return { status: answer.status, json: await answer.json() };
  } catch {
    // No network, or a portal's page: the phone goes on with what it has.
    return null;
  } finally {
    clearTimeout(alarm);
  }
}

/**
 * The commune of a place: on the phone when a pack knows it, else from the server, else unknown.
 * @param {{lon: number, lat: number}} place
 * @returns {Promise<FoundCommune | null>}
 */
export async function communeOf(place) {
  for (const pack of await allPacks()) {
    const found = findCommune(pack, place);
    if (found) return found;
  }
  const answer = await getJson(`/api/v1/communes/?lon=${place.lon}&lat=${place.lat}`);
  if (!answer) return null;
  if (answer.status === 404) return { code: "", nom: "", outside: answer.json.detail };
  if (!answer.json.code) return null;
  return { code: answer.json.code, nom: answer.json.nom, nearBorder: answer.json.near_border };
}

/**
 * What the device knows of the same couche within a hundred metres, nearest first.
 * @param {string} couche
 * @param {{lon: number, lat: number}} place
 * @returns {Promise<NearFeature[]>}
 */
export async function knownNear(couche, place) {
  /** @type {Map<string, NearFeature>} */
  const found = new Map();
  for (const pack of await allPacks()) for (const one of nearFeatures(pack, couche, place)) found.set(one.id, one);
  return [...found.values()].sort((a, b) => a.distance_m - b.distance_m);
}

/**
 * What the server would make of the draft as it stands: commune, what lies near, what will be public.
 * @param {Record<string, any>} submission
 * @returns {Promise<any | null>}
 */
export async function preview(submission) {
  const answer = await getJson("/api/v1/contributions/apercu/", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(submission),
    cache: "no-store",
  });
  return answer?.status === 200 ? answer.json : null;
}

/**
 * A known place as the preview tells it.
 * @param {any} near
 * @returns {NearFeature}
 */
export function nearOf(near) {
  return { id: near.id, title: near.label, distance_m: near.distance_m, observed_on: near.observed_on };
}

/**
 * Places by name: those of the packs at once, without network.
 * @param {string} text
 * @returns {Promise<Suggestion[]>}
 */
export async function placesNamed(text) {
  const found = [];
  for (const pack of await allPacks()) {
    // A town hall says its own commune: it may be the neighbour's.
    for (const { name, kind, lon, lat } of searchPlaces(pack, text)) found.push({ name, detail: kind === "mairie" ? "" : pack.commune.nom, lon, lat, source: "address" });
  }
  return found;
}

/**
 * Addresses and hamlets from the State's geocoder; null when it does not answer.
 * @param {string} geocoder base address, empty where the instance has none
 * @param {string} text
 * @param {{lon: number, lat: number} | null} around
 * @returns {Promise<Suggestion[] | null>}
 */
export async function addressesNamed(geocoder, text, around) {
  if (!geocoder) return null;
  const query = new URLSearchParams({ q: text, limit: "6", ...(around ? { lon: String(around.lon), lat: String(around.lat) } : {}) });
  const answer = await getJson(`${geocoder}/search?${query}`);
  if (!Array.isArray(answer?.json?.features)) return null;
  return answer.json.features
    .filter((/** @type {any} */ one) => one.geometry?.coordinates?.length === 2)
    .map((/** @type {any} */ { geometry, properties }) => ({
      name: String(properties.label ?? properties.name ?? ""),
      detail: String(properties.context ?? properties.city ?? ""),
      lon: geometry.coordinates[0],
      lat: geometry.coordinates[1],
      source: "address",
    }));
}

/** @param {string} code */
const packUrl = (code) => `/api/v1/communes/${encodeURIComponent(code)}/pack/`;

/**
 * What a commune's pack and its map weigh, said before anybody taps; null without network.
 * @param {string} code
 * @returns {Promise<{ok: boolean, size: number, mapSize: number} | null>}
 */
export async function weighPack(code) {
  const head = await fetch(packUrl(code), { method: "HEAD", credentials: "omit" }).catch(() => null);
  const read = (/** @type {string} */ name) => Number(head?.headers.get(name)) || 0;
  return head && { ok: head.ok, size: read("Content-Length"), mapSize: read("X-Tiles-Bytes") };
}

/**
 * Fetch a commune's pack and keep it. Rejects when it does not come whole, or finds no room.
 * @param {string} code
 * @param {number} size
 */
export async function fetchPack(code, size) {
  const answer = await fetch(packUrl(code), { credentials: "omit", redirect: "error" });
  if (!answer.ok) throw new Error(String(answer.status));
  const pack = await answer.json();
  const kept = { ...pack, code: pack.commune.code, size, fetched_at: new Date().toISOString(), tiles_kept: 0 };
  await savePack(kept);
  return kept;
}
