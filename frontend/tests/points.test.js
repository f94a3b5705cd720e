import assert from "node:assert/strict";
import { test } from "node:test";

import { readPoints } from "../static/js/points.js";

test("a GeoJSON collection becomes points of the map", () => {
  const point = (/** @type {string} */ url) => ({
    geometry: { coordinates: [2.44, 44.93] },
    properties: { titre: "Café <b>Le Relais</b>", url },
  });
  assert.deepEqual(readPoints({ features: [point("/x/"), point("")] }), [
    { place: { lon: 2.44, lat: 44.93 }, title: "Café <b>Le Relais</b>", url: "/x/" },
    { place: { lon: 2.44, lat: 44.93 }, title: "Café <b>Le Relais</b>", url: undefined },
  ]);
});
