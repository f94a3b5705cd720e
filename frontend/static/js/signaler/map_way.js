/** The map of « Où ? »: Leaflet is fetched when somebody asks for it, and works without any tile. */

import { sayPlace, writeDegrees } from "../coordinates.js";
import { addCross } from "../cross.js";
import { canDraw, create, STREET_ZOOM } from "../map.js";
import { gettext, interpolate } from "../texts.js";
import { decodeOutline } from "./commune.js";
import { notice } from "./dom.js";
import { allPacks } from "./store.js";

const QUIET_MS = 500;

/**
 * Draw the map in its box and tie it to the two fields.
 * @param {App} app
 * @param {HTMLElement} box
 * @param {{lat: HTMLInputElement, lon: HTMLInputElement, read: () => {lon: number, lat: number} | null, say: (text: string) => void}} tied
 */
export async function openMap(app, box, { lat, lon, read, say }) {
  try {
    await loadLeaflet(app.config);
  } catch {
    box.replaceWith(notice("attente", gettext("La carte n'a pas pu s'ouvrir sans réseau. Les coordonnées, en dessous, marchent toujours.")));
    return;
  }
  const packs = await allPacks();
  const place = app.draft?.place ?? null;
  const hall = packs[0]?.commune.mairie;
  const start = place ?? (hall ? { lon: hall[0], lat: hall[1] } : null);
  addCross(box);
  const keptZoom = Math.max(0, ...packs.filter((pack) => pack.tiles_kept).map((pack) => pack.tiles.zooms[1]));
  const map = create(box, { tiles: app.config.tuiles ?? "", start, zoom: place ? STREET_ZOOM : 13, name: gettext("Carte"), keptZoom });
  // Without tiles these lines are all there is to find one's way.
  for (const pack of packs) for (const one of [pack, ...pack.neighbours]) map.outlines(decodeOutline(one.outline).flat());
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const follow = (/** @type {{lon: number, lat: number}} */ centre) => {
    lat.value = writeDegrees(centre.lat);
    lon.value = writeDegrees(centre.lon);
    clearTimeout(timer);
    timer = setTimeout(() => say(interpolate(gettext("Sous la croix : %(place)s."), { place: sayPlace(centre) })), QUIET_MS);
  };
  map.onMove(follow);
  for (const input of [lat, lon]) {
    input.addEventListener("change", () => {
      const typed = read();
      if (typed) map.centre(typed, STREET_ZOOM);
    });
  }
  if (start) follow(start);
}

/**
 * Fetch Leaflet, once. Rejects when it does not come.
 * @param {Record<string, string | undefined>} config the addresses of its two files
 */
export async function loadLeaflet({ leafletCss, leafletJs }) {
  if (canDraw()) return;
  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = leafletCss ?? "";
  document.head.prepend(sheet);
  const script = document.createElement("script");
  script.src = leafletJs ?? "";
  await new Promise((resolve, reject) => {
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
  });
}
