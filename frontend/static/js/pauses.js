/** The page of pauses: a contour drawn under the fixed cross, and the contours that are open. */

import { readPlace, sayPlace } from "./coordinates.js";
import { addCross } from "./cross.js";
import { canDraw, create } from "./map.js";
import { areaOf, crosses, readVertices, writeVertices } from "./ring.js";
import { gettext, interpolate, ngettext } from "./texts.js";

/**
 * Draw under the cross, write in the field: the field stays the truth, and works without this.
 * @param {HTMLDetailsElement} frame
 */
function enhanceDrawing(frame) {
  const field = /** @type {HTMLTextAreaElement | null} */ (document.getElementById(frame.dataset.dessin ?? ""));
  if (!field || !canDraw()) return frame.remove();
  const box = /** @type {HTMLElement} */ (frame.querySelector("[data-carte]"));
  const state = /** @type {HTMLElement} */ (frame.querySelector("[data-etat]"));
  const { lon = "", lat = "", tuiles = "", nom } = frame.dataset;
  const read = () => readVertices(field.value).vertices;
  /** @type {import("./map.js").OurMap | null} */
  let map = null;
  let closed = false;

  const redraw = () => map?.zone([read().map((place) => [place.lon, place.lat])], { closed });
  const write = (/** @type {import("./coordinates.js").Place[]} */ vertices) => {
    field.value = writeVertices(vertices);
    closed = false;
    redraw();
  };
  // The event of an opening comes after it: somebody quick has pressed a button before.
  const drawable = () => {
    if (map) return map;
    const vertices = read();
    addCross(box);
    map = create(box, { tiles: tuiles, name: nom, start: vertices[0] ?? readPlace(lon, lat), zoom: 14 });
    closed = vertices.length > 2;
    redraw();
    return map;
  };
  frame.addEventListener("toggle", () => {
    if (frame.open) drawable().refresh();
  });
  field.addEventListener("input", () => {
    closed = false;
    redraw();
  });
  wire(frame, "[data-ajouter]", () => {
    const place = drawable().where();
    write([...read(), place]);
    state.textContent = interpolate(gettext("Sommet %(rank)s : %(place)s."), { rank: read().length, place: sayPlace(place) });
  });
  wire(frame, "[data-annuler]", () => {
    write(read().slice(0, -1));
    const left = read().length;
    state.textContent = interpolate(ngettext("Dernier sommet retiré : il en reste %(count)s.", "Dernier sommet retiré : il en reste %(count)s.", left), { count: left });
  });
  wire(frame, "[data-fermer]", () => {
    const vertices = read();
    closed = vertices.length > 2 && !crosses(vertices);
    redraw();
    state.textContent = sayClosed(vertices, closed);
  });
}

/**
 * @param {import("./coordinates.js").Place[]} vertices
 * @param {boolean} closed
 */
function sayClosed(vertices, closed) {
  if (vertices.length < 3) return gettext("Il faut au moins trois sommets.");
  if (!closed) return gettext("Le contour se croise : retirez le dernier sommet, et faites le tour.");
  const hectares = Math.max(1, Math.round(areaOf(vertices) / 10000)).toLocaleString("fr-FR");
  return interpolate(gettext("Zone fermée : %(count)s sommets, environ %(hectares)s hectares."), { count: vertices.length, hectares });
}

/**
 * Show a contour when its section is first opened.
 * @param {HTMLDetailsElement} section
 */
function enhanceZone(section) {
  if (!canDraw()) return section.remove();
  const source = document.getElementById(section.dataset.carteZone ?? "");
  const box = /** @type {HTMLElement} */ (section.querySelector("[data-carte]"));
  /** @type {import("./map.js").OurMap | null} */
  let map = null;
  section.addEventListener("toggle", () => {
    if (!section.open) return;
    if (map) return map.refresh();
    map = create(box, { tiles: section.dataset.tuiles ?? "", name: section.dataset.nom });
    map.zone(JSON.parse(source?.textContent ?? "[]").flat(), { fit: true });
  });
}

/**
 * @param {HTMLElement} frame
 * @param {string} selector
 * @param {() => void} act
 */
function wire(frame, selector, act) {
  frame.querySelector(selector)?.addEventListener("click", act);
}

document.documentElement.classList.add("avec-script");
for (const frame of document.querySelectorAll("[data-dessin]")) enhanceDrawing(/** @type {HTMLDetailsElement} */ (frame));
for (const section of document.querySelectorAll("[data-carte-zone]")) enhanceZone(/** @type {HTMLDetailsElement} */ (section));
// A map that was made while hidden learns its size when it shows.
for (const radio of document.querySelectorAll('[name="extent"]')) {
  radio.addEventListener("change", () => window.dispatchEvent(new Event("resize")));
}
