/** What the server says of a view of the map, turned into markers and lines of the list. */

import { drawShape } from "../desk/shapes.js";
import { WORDS } from "../words.js";

/**
 * @typedef {import("../map.js").MapPoint} MapPoint
 * @typedef {import("../map.js").Box} Box
 * @typedef {{id: number, geometry: {coordinates: [number, number]} | null,
 *   properties: {title: string, category: string | null, commune: string, last_observed_on: string}}} Feature
 * @typedef {{mode: "objets" | "agregats", total: number, exact: boolean, features: Feature[],
 *   cells: [number, number, number][]}} View
 */

/** The list shows as many as the page without a script. */
export const LISTED = 10;
const NUMBERS = new Intl.NumberFormat("fr-FR");
const DAYS = new Intl.DateTimeFormat("fr-FR", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });

/**
 * The address of a view: edges to the metre, so that the same view has the same address.
 * @param {string} address
 * @param {string} query filters of the page
 * @param {{box: Box, zoom: number}} view
 */
export function addressOf(address, query, { box, zoom }) {
  const parameters = new URLSearchParams(query);
  parameters.set("bbox", box.map((edge) => edge.toFixed(5)).join(","));
  parameters.set("zoom", String(zoom));
  return `${address}?${parameters}`;
}

/**
 * A count that fits a round marker: 950, 12 k, 1,2 M.
 * @param {number} count
 */
export function short(count) {
  if (count >= 999_500) return `${NUMBERS.format(Math.round(count / 100_000) / 10)} M`;
  if (count >= 1_000) return `${NUMBERS.format(Math.round(count / 1_000))} k`;
  return String(count);
}

/**
 * What the line above the list says.
 * @param {View} view
 */
export function summary({ total, exact, mode, features }) {
  if (!total) return WORDS.nothingInView;
  const said = exact ? WORDS.inView(total, NUMBERS.format(total)) : WORDS.aboutInView(NUMBERS.format(total));
  const listed = Math.min(features.length, LISTED);
  return mode === "objets" && total <= LISTED ? said : `${said} ${WORDS.firstOnes(String(listed))}`;
}

/**
 * The line of details of an object: what it is, where, when.
 * @param {Feature["properties"]} properties
 */
export function detail({ title, category, commune, last_observed_on }) {
  const said = [commune, DAYS.format(new Date(`${last_observed_on}T00:00:00Z`))];
  return (category && category !== title ? [category, ...said] : said).join(" · ");
}

/**
 * Markers of a view; `zoomTo` brings the map to a count.
 * @param {View} view
 * @param {{pages: string, color: string, zoomTo: (place: {lon: number, lat: number}) => void}} options
 * @returns {MapPoint[]}
 */
export function pointsOf(view, { pages, color, zoomTo }) {
  if (view.mode === "agregats") return view.cells.map((cell) => countOf(cell, zoomTo));
  return view.features.flatMap(({ id, geometry, properties }) => {
    if (!geometry) return [];
    const [lon, lat] = geometry.coordinates;
    const shape = drawShape("PUBLISHED");
    shape.style.color = color;
    return [{ id: String(id), place: { lon, lat }, title: properties.title, url: `${pages}${id}/`, detail: detail(properties), shape }];
  });
}

/**
 * @param {[number, number, number]} cell
 * @param {(place: {lon: number, lat: number}) => void} zoomTo
 * @returns {MapPoint}
 */
function countOf([lon, lat, count], zoomTo) {
  const place = { lon, lat };
  const title = WORDS.here(NUMBERS.format(count));
  return { id: `${lon},${lat},${count}`, place, title, count: short(count), onPick: () => zoomTo(place) };
}

/**
 * The lines of the list, as the server draws them.
 * @param {View} view
 * @param {string} pages
 * @returns {HTMLLIElement[]}
 */
export function linesOf(view, pages) {
  return view.features.slice(0, LISTED).map(({ id, properties }) => {
    const line = document.createElement("li");
    line.dataset.id = String(id);
    const link = document.createElement("a");
    link.href = `${pages}${id}/`;
    link.textContent = properties.title;
    const more = document.createElement("span");
    more.className = "petit discret";
    more.textContent = detail(properties);
    line.append(link, " ", more);
    return line;
  });
}
