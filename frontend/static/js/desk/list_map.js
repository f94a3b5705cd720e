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
 * The points of the cards still on the page.
 * @param {{features: {geometry: {coordinates: [number, number]}, properties: {id: string, titre: string, statut: string}}[]}} collection
 * @param {Set<string>} present
 */
export function pointsOf(collection, present) {
  return collection.features
    .filter(({ properties }) => present.has(properties.id))
    .map(({ geometry, properties }) => ({
      id: properties.id,
      place: { lon: geometry.coordinates[0], lat: geometry.coordinates[1] },
      title: properties.titre,
      state: properties.statut,
    }));
}

/** @param {HTMLDetailsElement} section */
export function enhanceListMap(section) {
  const box = /** @type {HTMLElement} */ (section.querySelector(".carte"));
  const list = /** @type {HTMLElement} */ (document.querySelector("[data-file]"));
  /** @type {OurMap | null} */
  let map = null;

  /** @param {string} id */
  const cardOf = (id) => cards().find((card) => card.dataset.id === id);

  const fill = () => {
    const present = new Set(cards().map((card) => card.dataset.id ?? ""));
    const source = document.getElementById("points-file")?.textContent ?? '{"features":[]}';
    const points = pointsOf(JSON.parse(source), present);
    map?.markers(
      points.map((point) => ({
        ...point,
        shape: drawShape(point.state),
        onPick: () => {
          const card = cardOf(point.id);
          if (card) focusCard(card);
        },
      })),
    );
  };

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
