/**
 * The one thin module over Leaflet: nothing else of ours names `L`.
 *
 * Leaflet 1.9.4 is loaded before, as a classic script. Without network the tiles stay
 * away and the rest works on a plain background.
 */

import { wrapLongitude } from "./coordinates.js";
import { WORDS } from "./words.js";

/**
 * @typedef {import("./coordinates.js").Place} Place
 * @typedef {{place: Place, title: string, url?: string, id?: string, shape?: Element, detail?: string, count?: string, onPick?: () => void}} MapPoint
 * @typedef {[number, number, number, number]} Box west, south, east, north in degrees
 * @typedef {{centre: (place: Place, zoom?: number) => void, where: () => Place,
 *   markers: (points: MapPoint[]) => void, keep: (points: MapPoint[]) => void, mark: (id: string) => void,
 *   view: () => {box: Box, zoom: number}, frame: (box: Box) => void, onPopup: (listener: (id: string) => void) => void,
 *   onMove: (listener: (place: Place) => void) => void,
 *   outlines: (rings: [number, number][][]) => void,
 *   zone: (rings: [number, number][][], options?: {closed?: boolean, fit?: boolean}) => void,
 *   refresh: () => void, destroy: () => void}} OurMap
 */

/** Metropolitan France, to start from when nothing better is known. */
const FRANCE = { lon: 2.5, lat: 46.6 };
const FRANCE_ZOOM = 5;
/** Close enough to tell two houses apart. */
export const STREET_ZOOM = 17;

/** @returns {boolean} whether Leaflet is there */
export function canDraw() {
  return "L" in globalThis;
}

/**
 * Draw a map in a box, under what the box already holds.
 * @param {HTMLElement} box
 * @param {{tiles: string, name?: string, start?: Place | null, zoom?: number, keptZoom?: number}} options
 *   keptZoom: the finest zoom that this device keeps, shown enlarged where finer tiles do not come
 * @returns {OurMap}
 */
export function create(box, { tiles, name = WORDS.mapName, start = null, zoom = 14, keptZoom = 0 }) {
  const L = /** @type {any} */ (globalThis).L;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const element = document.createElement("div");
  box.prepend(element);
  const map = L.map(element, {
    zoomControl: false,
    scrollWheelZoom: false,
    zoomAnimation: !calm,
    fadeAnimation: !calm,
    markerZoomAnimation: !calm,
    inertia: !calm,
  });
  element.setAttribute("role", "region");
  element.setAttribute("aria-label", name);
  L.control.zoom({ position: "bottomright", zoomInTitle: WORDS.zoomIn, zoomOutTitle: WORDS.zoomOut }).addTo(map);
  map.attributionControl.setPrefix(false);
  if (keptZoom) tileLayer(L, tiles, { maxNativeZoom: keptZoom }).addTo(map);
  tileLayer(L, tiles).addTo(map);
  map.setView(latLng(start ?? FRANCE), start ? zoom : FRANCE_ZOOM);
  // The wheel scrolls the page until the map is chosen.
  map.on("focus", () => map.scrollWheelZoom.enable());
  map.on("blur", () => map.scrollWheelZoom.disable());
  map.on("popupopen", namePopup);
  const layer = L.layerGroup().addTo(map);
  const drawn = L.featureGroup().addTo(map);
  /** @type {Map<string, any>} */
  const named = new Map();

  return {
    centre: (place, level = map.getZoom()) => map.setView(latLng(place), level, { animate: !calm }),
    where: () => placeOf(map.getCenter()),
    markers: (points) => {
      layer.clearLayers();
      named.clear();
      for (const point of points) {
        const drawn = marker(L, point).addTo(layer);
        if (point.id) named.set(point.id, drawn);
      }
      if (points.length) map.fitBounds(points.map((p) => latLng(p.place)), { padding: [40, 40], maxZoom: 15, animate: false });
    },
    keep: (points) => {
      const wanted = new Set(points.map(({ id }) => id));
      for (const [id, drawn] of named) {
        if (wanted.has(id)) continue;
        layer.removeLayer(drawn);
        named.delete(id);
      }
      for (const point of points) {
        const id = point.id ?? "";
        // One that is there already keeps its open bubble.
        if (!named.has(id)) named.set(id, marker(L, point).addTo(layer));
      }
    },
    view: () => {
      const seen = map.getBounds();
      return { box: [seen.getWest(), seen.getSouth(), seen.getEast(), seen.getNorth()], zoom: map.getZoom() };
    },
    frame: ([west, south, east, north]) =>
      map.fitBounds([[south, west], [north, east]], { padding: [24, 24], maxZoom: 15, animate: false }),
    onPopup: (listener) =>
      map.on("popupopen", (/** @type {any} */ { popup }) => {
        for (const [id, drawn] of named) if (drawn.getPopup() === popup) listener(id);
      }),
    mark: (id) => {
      for (const [name, drawn] of named) {
        drawn.getElement()?.classList.toggle("repere--choisi", name === id);
        drawn.setZIndexOffset(name === id ? 1000 : 0);
      }
    },
    outlines: (rings) => {
      const shapes = rings.map((ring) => ring.map(([lon, lat]) => [lat, lon]));
      L.polyline(shapes, { className: "carte__contour", interactive: false, smoothFactor: 2 }).addTo(map);
    },
    zone: (rings, { closed = true, fit = false } = {}) => {
      drawn.clearLayers();
      for (const ring of rings) drawRing(L, ring.map(([lon, lat]) => [lat, lon]), closed).addTo(drawn);
      if (fit && rings.length) map.fitBounds(drawn.getBounds(), { padding: [24, 24], animate: false });
    },
    onMove: (listener) => map.on("moveend", () => listener(placeOf(map.getCenter()))),
    refresh: () => map.invalidateSize({ animate: false }),
    destroy: () => map.remove(),
  };
}

/** @param {Place} place */
const latLng = ({ lon, lat }) => [lat, lon];
/** @param {{lng: number, lat: number}} centre */
const placeOf = ({ lng, lat }) => ({ lon: wrapLongitude(lng), lat });

/**
 * IGN's plan through its WMTS, with the credit its licence asks for.
 * @param {any} L
 * @param {string} host
 * @param {{maxNativeZoom?: number}} [more]
 */
function tileLayer(L, host, more = {}) {
  const query =
    "SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2&STYLE=normal" +
    "&FORMAT=image/png&TILEMATRIXSET=PM&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}";
  return L.tileLayer(`${host}/wmts?${query}`, {
    attribution: WORDS.credit,
    maxZoom: 19,
    crossOrigin: true,
    referrerPolicy: "strict-origin",
    alt: "",
    ...more,
  });
}

/**
 * A contour being drawn shows its vertices: one alone has no side yet.
 * @param {any} L
 * @param {number[][]} ring
 * @param {boolean} closed
 */
function drawRing(L, ring, closed) {
  const look = { className: "carte__zone", interactive: false };
  if (closed) return L.polygon(ring, look);
  const vertices = ring.map((at) => L.circleMarker(at, { ...look, radius: 5 }));
  return L.featureGroup([L.polyline(ring, { ...look, fill: false }), ...vertices]);
}

/**
 * A marker out of the tab order: the list beside the map is the keyboard's way.
 * @param {any} L
 * @param {MapPoint} point
 */
function marker(L, { place, title, url, shape, detail, count, onPick }) {
  const dot = document.createElement("span");
  dot.className = count ? "repere__compte" : shape ? "repere__forme" : "repere__point";
  dot.append(count ?? shape ?? "");
  const side = count ? 32 + 4 * count.length : 28;
  const icon = L.divIcon({ className: "repere", html: dot, iconSize: [side, side], popupAnchor: [0, -12] });
  if (onPick) return L.marker(latLng(place), { icon, keyboard: false, title }).on("click", onPick);
  const text = document.createElement(url ? "a" : "span");
  if (url) /** @type {HTMLAnchorElement} */ (text).href = url;
  text.textContent = title;
  const bubble = document.createElement("div");
  bubble.append(text);
  if (detail) bubble.append(document.createElement("br"), detail);
  return L.marker(latLng(place), { icon, keyboard: false, title }).bindPopup(bubble, { autoPanPadding: [24, 24] });
}

/** @param {{popup: any}} event */
function namePopup({ popup }) {
  const box = /** @type {HTMLElement} */ (popup.getElement());
  box.querySelector(".leaflet-popup-close-button")?.setAttribute("aria-label", WORDS.close);
  /** @type {HTMLElement | null} */ (box.querySelector("a[href]"))?.focus({ preventScroll: true });
}
