/** Longitudes and latitudes as people type and read them. Pure: no DOM, tested by `node --test`. */

import { gettext } from "./texts.js";

/**
 * @typedef {{lon: number, lat: number}} Place degrees, EPSG:4326
 */

/** Six decimals are 11 cm: finer than any phone. */
const DECIMALS = 6;

/**
 * Read a decimal written with a comma or a point; null when it is not one.
 * @param {string} text
 * @returns {number | null}
 */
export function readDegrees(text) {
  const bare = text.trim().replace("−", "-").replace(",", ".");
  return /^-?\d{1,3}(\.\d+)?$/.test(bare) ? Number(bare) : null;
}

/**
 * Read a place from two texts; null unless both are in range.
 * @param {string} lon
 * @param {string} lat
 * @returns {Place | null}
 */
export function readPlace(lon, lat) {
  const place = { lon: readDegrees(lon), lat: readDegrees(lat) };
  if (place.lon === null || place.lat === null) return null;
  if (Math.abs(place.lon) > 180 || Math.abs(place.lat) > 90) return null;
  return /** @type {Place} */ (place);
}

/**
 * Write degrees for a form field: a point, six decimals, no exponent, no useless zero.
 * @param {number} degrees
 * @returns {string}
 */
export function writeDegrees(degrees) {
  return String(Number(degrees.toFixed(DECIMALS)));
}

/**
 * Bring a longitude back to [-180, 180]: a map may be dragged around the world.
 * @param {number} lon
 * @returns {number}
 */
export function wrapLongitude(lon) {
  return lon >= -180 && lon <= 180 ? lon : ((((lon + 180) % 360) + 360) % 360) - 180;
}

/**
 * Say a place in French: "44,92620 N, 2,43970 E".
 * @param {Place} place
 * @returns {string}
 */
export function sayPlace({ lon, lat }) {
  const write = (/** @type {number} */ value) => Math.abs(value).toFixed(5).replace(".", gettext(","));
  return `${write(lat)} ${lat < 0 ? "S" : "N"}, ${write(lon)} ${lon < 0 ? gettext("O") : "E"}`;
}

/**
 * Say a distance in French: "18 m", "1,2 km".
 * @param {number} metres
 * @returns {string}
 */
export function sayDistance(metres) {
  if (metres < 1000) return `${Math.max(1, Math.round(metres))} m`;
  return `${(metres / 1000).toFixed(1).replace(".", gettext(","))} km`;
}
