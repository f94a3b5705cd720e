import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeOutline, findCommune, metresBetween, nearFeatures, searchPlaces, tileUrls } from "../static/js/signaler/commune.js";

/** A square ring of millionths, in differences. @param {number} west @param {number} south @param {number} size */
const square = (west, south, size) => [west, south, size, 0, 0, size, -size, 0];

/** Aurillac, a square with a hole; Ytrac to the west shares the border 2.39. */
const pack = () => ({
  format: 1,
  made_at: "2026-11-25T10:00:00Z",
  commune: { code: "15014", nom: "Aurillac", postcodes: ["15000"], mairie: [2.44, 44.93], approximate: false, to_confirm: false },
  window: [2.3, 44.87, 2.5, 44.99],
  outline: [[square(2390000, 44880000, 100000), square(2430000, 44920000, 10000)], [square(2495000, 44985000, 1000)]],
  neighbours: [{ code: "15267", nom: "Ytrac", outline: [[square(2290000, 44880000, 100000)]], to_confirm: false }],
  places: [
    { name: "Mairie (Aurillac)", kind: "mairie", lon: 2.44, lat: 44.93 },
    { name: "Le Bex", kind: "lieu-dit", lon: 2.4, lat: 44.9 },
    { name: "Saint-Étienne-de-l’Œuf", kind: "lieu-dit", lon: 2.41, lat: 44.9 },
    { name: "Belbex", kind: "lieu-dit", lon: 2.42, lat: 44.91 },
    { name: "Bex Haut", kind: "lieu-dit", lon: 2.43, lat: 44.91 },
  ],
  features: [
    { id: "a", couche: "zones-blanches", number: 1, title: "Loin", lon: 2.45, lat: 44.93, observed_on: "2026-05-01", observations: 1 },
    { id: "b", couche: "zones-blanches", number: 2, title: "Ici", lon: 2.4401, lat: 44.93, observed_on: "2026-05-01", observations: 3, operators: ["20801"] },
    { id: "c", couche: "zones-blanches", number: 3, title: "Tout près", lon: 2.44001, lat: 44.93, observed_on: "2026-05-01", observations: 1 },
    { id: "d", couche: "services", number: 4, title: "Café", lon: 2.44, lat: 44.93, observed_on: "2026-05-01", observations: 1 },
  ],
  truncated: false,
  tiles: { template: "https://tiles.test/{z}/{y}/{x}", zooms: [10, 11], bbox: [2.39, 44.88, 2.49, 44.98], count: 0, bytes: 0 },
});
const at = (/** @type {number} */ lon, lat = 44.9) => ({ lon, lat });
const METRE = 1 / 78_970; // of longitude, at 44.9 N

test("an outline is decoded to the vertex", () => {
  assert.deepEqual(decodeOutline([[square(2390000, 44880000, 100000)]]), [
    [[[2.39, 44.88], [2.49, 44.88], [2.49, 44.98], [2.39, 44.98]]],
  ]);
});

test("each side of the border has its mayor, the border itself the lowest code", () => {
  assert.equal(findCommune(pack(), at(2.4))?.code, "15014");
  assert.equal(findCommune(pack(), at(2.38))?.nom, "Ytrac");
  assert.deepEqual(findCommune(pack(), at(2.39)), { code: "15014", nom: "Aurillac", nearBorder: true });
});

test("near a border means within 100 m of another commune", () => {
  for (const side of [-1, 1]) {
    assert.equal(findCommune(pack(), at(2.39 + side * 99 * METRE))?.nearBorder, true);
    assert.equal(findCommune(pack(), at(2.39 + side * 101 * METRE))?.nearBorder, false);
  }
});

test("the edge of the known land is no border", () => {
  assert.equal(findCommune(pack(), at(2.49 - METRE))?.nearBorder, false);
});

test("a hole is not of the commune, another piece is", () => {
  assert.equal(findCommune(pack(), at(2.435, 44.925)), null);
  assert.equal(findCommune(pack(), at(2.4955, 44.9855))?.code, "15014");
});

test("outside the window the pack says that it does not know", () => {
  assert.equal(findCommune(pack(), at(2.295)), null, "in Ytrac, but where the outline may be cut");
  assert.equal(findCommune({ ...pack(), window: null }, at(2.4)), null);
  assert.equal(findCommune(pack(), at(Number.NaN)), null);
});

test("an outline to confirm makes each of its places to confirm", () => {
  const doubtful = pack();
  doubtful.commune.to_confirm = true;
  assert.equal(findCommune(doubtful, at(2.45))?.nearBorder, true);
  assert.equal(findCommune(doubtful, at(2.35))?.nearBorder, false);
});

test("metres are those of the ellipsoid", () => {
  // Values of PostGIS, ST_Distance(geography): Aurillac to Ytrac, and a degree of meridian.
  assert.ok(Math.abs(metresBetween({ lon: 2.4397, lat: 44.9262 }, { lon: 2.362, lat: 44.911 }) - 6363.36) < 5);
  assert.ok(Math.abs(metresBetween({ lon: 2, lat: 44.5 }, { lon: 2, lat: 45.5 }) - 111131.78) < 20);
});

test("near features of the couche come nearest first, with their distance", () => {
  const near = nearFeatures(pack(), "zones-blanches", { lon: 2.44, lat: 44.93 });
  assert.deepEqual(near.map(({ id }) => id), ["c", "b"]);
  assert.ok(near[0].distance_m < 1 && near[1].distance_m > 7 && near[1].distance_m < 9);
  assert.equal(nearFeatures(pack(), "zones-blanches", { lon: 2.44, lat: 44.93 }, 5).length, 1);
});

test("places are found without accents, hyphens, ligatures nor capitals", () => {
  const names = (/** @type {string} */ text, limit = 8) => searchPlaces(pack(), text, limit).map(({ name }) => name);
  assert.deepEqual(names("st etienne de l oeuf"), ["Saint-Étienne-de-l’Œuf"]);
  assert.deepEqual(names("ŒUF"), ["Saint-Étienne-de-l’Œuf"]);
  assert.deepEqual(names("bex"), ["Bex Haut", "Le Bex", "Belbex"], "begins, then a word begins, then holds");
  assert.deepEqual(names("bex", 1), ["Bex Haut"]);
  assert.deepEqual(names("aurillac"), ["Mairie (Aurillac)"]);
  assert.deepEqual(names(" -' "), []);
  assert.deepEqual(names("zzz"), []);
});

test("tiles are listed for each zoom, from the widest", () => {
  const urls = tileUrls(pack());
  assert.equal(urls[0], "https://tiles.test/10/368/518");
  assert.equal(new Set(urls).size, urls.length);
  assert.deepEqual([...new Set(urls.map((url) => url.split("/")[3]))], ["10", "11"]);
  assert.deepEqual(tileUrls({ ...pack(), tiles: null }), []);
});
