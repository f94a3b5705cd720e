/**
 * Placing a point: the map moves under a fixed cross, « Placer ici » fills two fields.
 * Fields stay the truth: typing in them moves the map, and they work without any of this.
 */

import { readPlace, sayPlace, writeDegrees } from "./coordinates.js";
import { addCross } from "./cross.js";
import { canDraw, create, STREET_ZOOM } from "./map.js";
import { findPosition } from "./position.js";
import { WORDS } from "./words.js";

/** People who listen to the page should not hear each step of a move. */
const QUIET_MS = 500;

/** @param {HTMLElement} frame container marked `data-carte-placer` */
export function enhancePlacer(frame) {
  const fields = fieldsOf(frame);
  if (!fields) return;
  const state = /** @type {HTMLElement} */ (frame.querySelector("[data-carte-etat]"));
  const say = (/** @type {string} */ text) => {
    state.textContent = text;
  };
  const map = canDraw() ? drawUnder(frame, fields) : null;
  const fill = (/** @type {import("./coordinates.js").Place} */ place, /** @type {string} */ source, accuracy = "") => {
    write(fields.lon, writeDegrees(place.lon));
    write(fields.lat, writeDegrees(place.lat));
    if (fields.accuracy) write(fields.accuracy, accuracy);
    if (fields.source) write(fields.source, source);
  };

  frame.querySelector("[data-carte-ici]")?.addEventListener("click", () => {
    if (!map) return;
    const place = map.where();
    fill(place, "map");
    say(WORDS.placed(sayPlace(place)));
  });
  wirePosition(frame, say, (coords) => {
    const place = { lon: coords.longitude, lat: coords.latitude };
    fill(place, "gps", String(Math.round(coords.accuracy)));
    map?.centre(place, STREET_ZOOM);
  });
  if (!map) return frame.querySelectorAll("[data-carte], [data-carte-ici]").forEach((part) => part.remove());
  tellMoves(map, say);
  for (const field of [fields.lon, fields.lat]) {
    field.addEventListener("change", (event) => {
      // Our own writing is not a person's: the map is already there.
      const place = event.isTrusted ? readPlace(fields.lon.value, fields.lat.value) : null;
      if (place) map.centre(place, STREET_ZOOM);
    });
  }
}

/**
 * @param {HTMLElement} frame
 * @returns {{lon: HTMLInputElement, lat: HTMLInputElement, accuracy: HTMLInputElement | null, source: HTMLInputElement | null} | null}
 */
function fieldsOf(frame) {
  const field = (/** @type {string | undefined} */ id) =>
    id ? /** @type {HTMLInputElement | null} */ (document.getElementById(id)) : null;
  const lon = field(frame.dataset.lonChamp);
  const lat = field(frame.dataset.latChamp);
  if (!lon || !lat) return null;
  return { lon, lat, accuracy: field(frame.dataset.precisionChamp), source: field(frame.dataset.sourceChamp) };
}

/**
 * @param {HTMLElement} frame
 * @param {{lon: HTMLInputElement, lat: HTMLInputElement}} fields
 */
function drawUnder(frame, fields) {
  const element = /** @type {HTMLElement} */ (frame.querySelector("[data-carte]"));
  const typed = readPlace(fields.lon.value, fields.lat.value);
  const given = readPlace(frame.dataset.lon ?? "", frame.dataset.lat ?? "");
  addCross(element);
  const zoom = typed ? STREET_ZOOM : Number(frame.dataset.zoom) || 14;
  return create(element, { tiles: frame.dataset.tuiles ?? "", start: typed ?? given, zoom, name: frame.dataset.nom });
}

/**
 * @param {HTMLElement} frame
 * @param {(text: string) => void} say
 * @param {(coords: GeolocationCoordinates) => void} better
 */
function wirePosition(frame, say, better) {
  const button = /** @type {HTMLButtonElement | null} */ (frame.querySelector("[data-carte-position]"));
  button?.addEventListener("click", () => {
    // Focus must not fall to the page while we search: the button stays enabled, and deaf.
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    findPosition({ better, say, done: () => button.removeAttribute("aria-disabled") });
  });
}

/**
 * @param {import("./map.js").OurMap} map
 * @param {(text: string) => void} say
 */
function tellMoves(map, say) {
  let timer = 0;
  map.onMove((place) => {
    clearTimeout(timer);
    timer = window.setTimeout(() => say(WORDS.under(sayPlace(place))), QUIET_MS);
  });
}

/**
 * @param {HTMLInputElement} field
 * @param {string} value
 */
function write(field, value) {
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
}
