/** « Voir la carte » beside the queue: the same cards as the list; each marks the other. */

import { cards, focusCard } from "./cards.js";
import { drawShape } from "./shapes.js";

/** @typedef {import("../map.js").OurMap} OurMap */

/**
 * Load Leaflet, once, when somebody asks for the map.
 * @param {HTMLElement} section
 * @returns {Promise<void>}
 */
function loadLeaflet(section) {
  if ("L" in globalThis) return Promise.resolve();
  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = section.dataset.leafletCss ?? "";
  // Before our own sheet, which corrects it.
  document.head.prepend(sheet);
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = section.dataset.leafletJs ?? "";
    script.addEventListener("load", () => resolve());
    script.addEventListener("error", () => reject(new Error("leaflet")));
    document.head.append(script);
  });
}

/**
 * Where a card is, as its `data-lieu` says it: « lon,lat » in degrees.
 * @param {string | undefined} text
 * @returns {import("../coordinates.js").Place | null}
 */
export function readPlace(text) {
  const [lon, lat] = (text ?? "").split(",").map(Number);
  return Number.isFinite(lon) && Number.isFinite(lat) ? { lon, lat } : null;
}

/**
 * The marker of a card; a click on it leads to the card.
 * @param {HTMLElement} card
 * @returns {import("../map.js").MapPoint[]}
 */
function pointOf(card) {
  const place = readPlace(card.dataset.lieu);
  if (!place) return [];
  const title = card.querySelector("h2")?.textContent ?? "";
  const shape = drawShape(card.dataset.statut ?? "");
  return [{ id: card.dataset.id, place, title, shape, onPick: () => focusCard(cardOf(card.dataset.id) ?? card) }];
}

/** @param {string | undefined} id */
function cardOf(id) {
  return cards().find((card) => card.dataset.id === id);
}

/** @param {HTMLDetailsElement} section */
export function enhanceListMap(section) {
  const box = /** @type {HTMLElement} */ (section.querySelector(".carte"));
  const list = /** @type {HTMLElement} */ (document.querySelector("[data-file]"));
  /** @type {OurMap | null} */
  let map = null;

  const fill = () => map?.markers(cards().flatMap(pointOf));

  const draw = async () => {
    if (!section.open) return;
    if (map) return map.refresh();
    await loadLeaflet(section);
    const { create } = await import("../map.js");
    map = create(box, { tiles: section.dataset.tuiles ?? "", name: section.dataset.nom });
    fill();
    // What is decided leaves the list, and the map with it.
    new MutationObserver(fill).observe(list, { childList: true });
  };
  section.addEventListener("toggle", () => void draw());
  // It is the first opening that brought this module.
  void draw();

  /** @param {Event} event */
  const mark = (event) => {
    const card = event.target instanceof Element ? event.target.closest("[data-carte]") : null;
    map?.mark(card instanceof HTMLElement ? (card.dataset.id ?? "") : "");
  };
  for (const name of ["pointerover", "focusin"]) list.addEventListener(name, mark);
}
