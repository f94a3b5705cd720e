/** « Voir la carte »: draws the points of a list when its section is first opened. */

import { canDraw, create } from "./map.js";
import { WORDS } from "./words.js";

/**
 * @typedef {{features: {geometry: {coordinates: [number, number]},
 *   properties: {titre: string, url?: string}}[]}} Collection
 */

/**
 * Points of a GeoJSON FeatureCollection, as the map takes them.
 * @param {Collection} collection
 * @returns {import("./map.js").MapPoint[]}
 */
export function readPoints(collection) {
  return collection.features.map(({ geometry, properties }) => ({
    place: { lon: geometry.coordinates[0], lat: geometry.coordinates[1] },
    title: properties.titre,
    url: properties.url || undefined,
  }));
}

/** @param {HTMLDetailsElement} section */
export function enhancePoints(section) {
  if (!canDraw()) return section.remove();
  const source = document.getElementById(section.dataset.cartePoints ?? "");
  const element = /** @type {HTMLElement} */ (section.querySelector("[data-carte]"));
  /** @type {import("./map.js").OurMap | null} */
  let map = null;
  const draw = () => {
    if (!section.open) return;
    if (map) return map.refresh();
    map = create(element, { tiles: section.dataset.tuiles ?? "", name: section.dataset.nom || WORDS.mapName });
    map.markers(readPoints(JSON.parse(source?.textContent ?? '{"features":[]}')));
  };
  section.addEventListener("toggle", draw);
  draw();
}
