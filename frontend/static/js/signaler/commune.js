/**
 * Reads the pack of a commune: whose land a place is on, what is near, where a name is.
 * Pure: no DOM, no network. Answers like `territoires/location.py` wherever the pack knows.
 */

/**
 * @typedef {{lon: number, lat: number}} Place degrees, EPSG:4326
 * @typedef {[number, number][]} Ring vertices [lon, lat], the first not repeated
 * @typedef {number[][][]} Encoded polygons of rings: millionths of a degree, then differences
 * @typedef {{name: string, kind: string, lon: number, lat: number}} Named
 * @typedef {{id: string, couche: string, number: number, title: string, lon: number, lat: number,
 *   observed_on: string, observations: number, operators?: string[]}} Feature
 * @typedef {{code: string, nom: string, to_confirm: boolean, outline: Encoded}} Neighbour
 * @typedef {{template: string, zooms: number[], bbox: number[], count: number, bytes: number}} Tiles
 * @typedef {{format: number, made_at: string, commune: {code: string, nom: string, postcodes: string[],
 *   mairie: number[] | null, approximate: boolean, to_confirm: boolean}, window: number[] | null,
 *   outline: Encoded, neighbours: Neighbour[], places: Named[], features: Feature[], truncated: boolean,
 *   tiles: Tiles | null}} Pack
 * @typedef {{code: string, nom: string, nearBorder: boolean}} Found
 * @typedef {{code: string, nom: string, doubt: boolean, rings: Ring[]}} Land
 */

const UNIT = 1e6;
/** As in territoires/location.py: nearer to another commune, a person decides. */
const NEAR_BORDER_M = 100;
/** A hundredth of a millimetre, in degrees: on a border means on it, whatever the last bits say. */
const ON_IT = 1e-10;
const RAD = Math.PI / 180;
/** WGS84: half the great axis, and the square of the eccentricity. */
const A = 6378137;
const E2 = 0.00669437999014;

/** @type {WeakMap<Pack, Land[]>} */
const known = new WeakMap();

/**
 * @param {Encoded} encoded
 * @returns {Ring[][]} polygons of rings: the first is the outside, the others are holes
 */
export function decodeOutline(encoded) {
  return encoded.map((polygon) => polygon.map(decodeRing));
}

/** @param {number[]} flat @returns {Ring} */
function decodeRing(flat) {
  /** @type {Ring} */
  const ring = [];
  for (let i = 0, x = 0, y = 0; i < flat.length; i += 2) {
    x += flat[i];
    y += flat[i + 1];
    ring.push([x / UNIT, y / UNIT]);
  }
  return ring;
}

/**
 * Metres in a degree of longitude and of latitude, on the ellipsoid.
 * @param {number} lat
 */
function scale(lat) {
  const w = 1 - E2 * Math.sin(lat * RAD) ** 2;
  return { kx: (A * Math.cos(lat * RAD) * RAD) / Math.sqrt(w), ky: (A * (1 - E2) * RAD) / w ** 1.5 };
}

/**
 * Metres between two places, true to a thousandth up to a hundred kilometres.
 * @param {Place} a
 * @param {Place} b
 */
export function metresBetween(a, b) {
  const { kx, ky } = scale((a.lat + b.lat) / 2);
  return Math.hypot((a.lon - b.lon) * kx, (a.lat - b.lat) * ky);
}

/** @param {Pack} pack @returns {Land[]} lowest code first */
function lands(pack) {
  let list = known.get(pack);
  if (!list) {
    list = [{ ...pack.commune, outline: pack.outline }, ...pack.neighbours]
      .map(({ code, nom, to_confirm, outline }) => ({ code, nom, doubt: to_confirm, rings: decodeOutline(outline).flat() }))
      .sort((a, b) => (a.code < b.code ? -1 : 1));
    known.set(pack, list);
  }
  return list;
}

/**
 * The commune of a place; null outside what the pack knows. On a shared border, the lowest code.
 * @param {Pack} pack
 * @param {Place} place
 * @returns {Found | null}
 */
export function findCommune(pack, place) {
  const [west, south, east, north] = pack.window ?? [1, 1, 0, 0];
  if (!(place.lon >= west && place.lon <= east && place.lat >= south && place.lat <= north)) return null;
  const all = lands(pack);
  const home = all.find(({ rings }) => covers(rings, place));
  if (!home) return null;
  const near = home.doubt || all.some((other) => other !== home && within(other.rings, place, NEAR_BORDER_M));
  return { code: home.code, nom: home.nom, nearBorder: near };
}

/** @param {Ring[]} rings @param {Place} place */
function covers(rings, { lon, lat }) {
  let inside = false;
  for (const ring of rings) {
    let [ax, ay] = ring[ring.length - 1];
    for (const [bx, by] of ring) {
      const cross = (bx - ax) * (lat - ay) - (by - ay) * (lon - ax);
      const between = (ax - lon) * (bx - lon) + (ay - lat) * (by - lat) <= 0;
      if (between && Math.abs(cross) <= ON_IT * Math.hypot(bx - ax, by - ay)) return true;
      if (ay > lat !== by > lat && cross > 0 === by > ay) inside = !inside;
      [ax, ay] = [bx, by];
    }
  }
  return inside;
}

/** @param {Ring[]} rings @param {Place} place @param {number} metres */
function within(rings, place, metres) {
  const { kx, ky } = scale(place.lat);
  for (const ring of rings) {
    let [ax, ay] = local(ring[ring.length - 1]);
    for (const vertex of ring) {
      const [bx, by] = local(vertex);
      const dx = bx - ax;
      const dy = by - ay;
      const t = Math.max(0, Math.min(1, -(ax * dx + ay * dy) / (dx * dx + dy * dy || 1)));
      if (Math.hypot(ax + t * dx, ay + t * dy) <= metres) return true;
      [ax, ay] = [bx, by];
    }
  }
  return covers(rings, place);

  /** @param {[number, number]} vertex @returns {[number, number]} */
  function local([lon, lat]) {
    return [(lon - place.lon) * kx, (lat - place.lat) * ky];
  }
}

/**
 * What the pack knows of a couche around a place, nearest first.
 * @param {Pack} pack
 * @param {string} couche
 * @param {Place} place
 * @param {number} [radiusM]
 * @returns {(Feature & {distance_m: number})[]}
 */
export function nearFeatures(pack, couche, place, radiusM = 100) {
  return pack.features
    .filter((feature) => feature.couche === couche)
    .map((feature) => ({ ...feature, distance_m: metresBetween(feature, place) }))
    .filter(({ distance_m }) => distance_m <= radiusM)
    .sort((a, b) => a.distance_m - b.distance_m);
}

/** @type {Record<string, string>} */
const SPELLED = { st: "saint", ste: "sainte", sts: "saints", stes: "saintes" };

/** As in territoires/names.py. @param {string} text */
function fold(text) {
  const bare = text.replace(/œ/gi, "oe").replace(/æ/gi, "ae").normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const words = bare.split(/[^a-z0-9]+/).filter(Boolean);
  return words.map((word) => SPELLED[word] ?? word).join(" ");
}

/**
 * Places whose name begins with the text, then those with a word that does, then those that hold it.
 * @param {Pack} pack
 * @param {string} text
 * @param {number} [limit]
 * @returns {Named[]}
 */
export function searchPlaces(pack, text, limit = 8) {
  const typed = fold(text);
  if (!typed) return [];
  return pack.places
    .map((place) => ({ place, rank: rank(fold(place.name), typed) }))
    .filter((found) => found.rank < 3)
    .sort((a, b) => a.rank - b.rank || a.place.name.localeCompare(b.place.name, "fr"))
    .slice(0, limit)
    .map(({ place }) => place);
}

/** @param {string} name @param {string} typed */
function rank(name, typed) {
  if (name.startsWith(typed)) return 0;
  if (name.includes(` ${typed}`)) return 1;
  return name.includes(typed) ? 2 : 3;
}

/** @param {Pack} pack @returns {string[]} the addresses of the map's tiles, widest first */
export function tileUrls(pack) {
  if (!pack.tiles) return [];
  const { template, zooms, bbox } = pack.tiles;
  const [west, south, east, north] = bbox;
  const urls = [];
  for (let z = zooms[0]; z <= zooms[1]; z++) {
    const column = (/** @type {number} */ lon) => Math.floor(((lon + 180) / 360) * 2 ** z);
    const row = (/** @type {number} */ lat) => Math.floor(((1 - Math.asinh(Math.tan(lat * RAD)) / Math.PI) / 2) * 2 ** z);
    for (let x = column(west); x <= column(east); x++) {
      for (let y = row(north); y <= row(south); y++) {
        urls.push(template.replace("{z}", String(z)).replace("{y}", String(y)).replace("{x}", String(x)));
      }
    }
  }
  return urls;
}
