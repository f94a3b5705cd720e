import assert from "node:assert/strict";
import { test } from "node:test";

import { markers, moves } from "../static/js/differences.js";

const changes = {
  features: [
    { geometry: { coordinates: [2.34, 44.92] }, properties: { titre: "Café", url: "#objet-1", change: "changed", was: [2.44, 44.93] } },
    { geometry: { coordinates: [2.4, 44.9] }, properties: { titre: "Bus", url: "#objet-2", change: "added", was: null } },
  ],
};

test("a line goes from the old place to the new one, only where an object moved", () => {
  assert.deepEqual(moves(/** @type {any} */ (changes)), [[[2.44, 44.93], [2.34, 44.92]]]);
});

test("each change takes the shape of its kind and leads to its row", () => {
  /** @type {string[]} */
  const asked = [];
  const points = markers(/** @type {any} */ (changes), (change) => {
    asked.push(change);
    return undefined;
  });
  assert.deepEqual(asked, ["changed", "added"]);
  assert.deepEqual(points[1], { place: { lon: 2.4, lat: 44.9 }, title: "Bus", url: "#objet-2", shape: undefined });
});
