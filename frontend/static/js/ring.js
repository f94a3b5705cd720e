/** A contour as lines of text, one vertex each. Pure: no DOM, tested by `node --test`. */

import { readPlace, writeDegrees } from "./coordinates.js";
import { gettext } from "./texts.js";

/** @typedef {import("./coordinates.js").Place} Place */

const METRES_PER_DEGREE = 111195;

/**
 * Read « latitude longitude » lines; `wrong` is the first line that is none, from 1, or 0.
 * @param {string} text
 * @returns {{vertices: Place[], wrong: number}}
 */
export function readVertices(text) {
  const vertices = [];
  let rank = 0;
  for (const line of text.split("\n")) {
    rank += 1;
    if (!line.trim()) continue;
    const [lat, lon, ...more] = line.trim().split(/\s*;\s*|,?\s+/);
    const place = more.length ? null : readPlace(lon ?? "", lat ?? "");
    if (!place) return { vertices, wrong: rank };
    vertices.push(place);
  }
  return { vertices, wrong: 0 };
}

/**
 * Write vertices as the field and the server read them.
 * @param {Place[]} vertices
 * @returns {string}
 */
export function writeVertices(vertices) {
  const write = (/** @type {number} */ degrees) => writeDegrees(degrees).replace(".", gettext(","));
  return vertices.map(({ lat, lon }) => `${write(lat)} ${write(lon)}`).join("\n");
}

/**
 * Whether two sides of the closed contour cross.
 * @param {Place[]} vertices
 * @returns {boolean}
 */
export function crosses(vertices) {
  const sides = vertices.map((from, rank) => [from, vertices[(rank + 1) % vertices.length]]);
  return sides.some(([a, b], i) => sides.slice(i + 1).some(([c, d], more) => {
    const neighbours = more === 0 || (i === 0 && i + more + 1 === sides.length - 1);
    return !neighbours && turns(a, b, c) !== turns(a, b, d) && turns(c, d, a) !== turns(c, d, b);
  }));
}

/**
 * Area of the closed contour in square metres, good to a hundredth over a few tens of kilometres.
 * @param {Place[]} vertices
 * @returns {number}
 */
export function areaOf(vertices) {
  if (vertices.length < 3) return 0;
  const [origin] = vertices;
  const shrink = Math.cos((origin.lat * Math.PI) / 180);
  const flat = vertices.map(({ lon, lat }) => [(lon - origin.lon) * shrink * METRES_PER_DEGREE, (lat - origin.lat) * METRES_PER_DEGREE]);
  const twice = flat.reduce((sum, [x, y], rank) => {
    const [nextX, nextY] = flat[(rank + 1) % flat.length];
    return sum + x * nextY - nextX * y;
  }, 0);
  return Math.abs(twice) / 2;
}

/**
 * Which way a path turns at its second point: 1, -1, 0 when straight.
 * @param {Place} a
 * @param {Place} b
 * @param {Place} c
 */
function turns(a, b, c) {
  return Math.sign((b.lon - a.lon) * (c.lat - a.lat) - (b.lat - a.lat) * (c.lon - a.lon));
}
