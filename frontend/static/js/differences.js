/** The map of what changed: a shape per kind of change, a line where an object moved. */

import { canDraw, create } from "./map.js";
import { WORDS } from "./words.js";

/**
 * @typedef {[number, number]} LonLat
 * @typedef {{features: {geometry: {coordinates: LonLat},
 *   properties: {titre: string, url: string, change: string, was: LonLat | null}}[]}} Changes
 */

/**
 * Where objects moved: from the old place to the new one.
 * @param {Changes} changes
 * @returns {LonLat[][]}
 */
export function moves(changes) {
  /** @type {LonLat[][]} */
  const lines = [];
  for (const { geometry, properties } of changes.features) {
    if (properties.was) lines.push([properties.was, geometry.coordinates]);
  }
  return lines;
}

/**
 * Changes as the map takes them; each shape is the legend's.
 * @param {Changes} changes
 * @param {(change: string) => Element | undefined} shape
 * @returns {import("./map.js").MapPoint[]}
 */
export function markers(changes, shape) {
  return changes.features.map(({ geometry, properties }) => ({
    place: { lon: geometry.coordinates[0], lat: geometry.coordinates[1] },
    title: properties.titre,
    url: properties.url,
    shape: shape(properties.change),
  }));
}

/** @param {string} change */
function legendShape(change) {
  const drawn = document.querySelector(`[data-forme="${change}"] svg`);
  return drawn ? /** @type {Element} */ (drawn.cloneNode(true)) : undefined;
}

/** @param {HTMLDetailsElement} section */
function enhance(section) {
  if (!canDraw()) return section.remove();
  const source = document.getElementById(section.dataset.carteDifferences ?? "");
  const element = /** @type {HTMLElement} */ (section.querySelector("[data-carte]"));
  /** @type {import("./map.js").OurMap | null} */
  let map = null;
  section.addEventListener("toggle", () => {
    if (!section.open) return;
    if (map) return map.refresh();
    const changes = /** @type {Changes} */ (JSON.parse(source?.textContent ?? '{"features":[]}'));
    map = create(element, { tiles: section.dataset.tuiles ?? "", name: section.dataset.nom || WORDS.mapName });
    map.markers(markers(changes, legendShape));
    map.outlines(moves(changes));
  });
}

if (typeof document !== "undefined") {
  document.documentElement.classList.add("avec-script");
  for (const section of document.querySelectorAll("[data-carte-differences]")) {
    enhance(/** @type {HTMLDetailsElement} */ (section));
  }
}
