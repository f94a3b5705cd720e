import assert from "node:assert/strict";
import { test } from "node:test";

import { addressOf, detail, short, summary } from "../static/js/couche/view.js";

/** @param {number} count */
const features = (count) =>
  Array.from({ length: count }, (_, id) => ({
    id,
    geometry: null,
    properties: { title: "Café", category: null, commune: "Ytrac", last_observed_on: "2026-06-15" },
  }));

test("the same view has the same address, filters kept", () => {
  const view = { box: /** @type {[number, number, number, number]} */ ([2.300000001, 44.8, 2.6, 45.1]), zoom: 11 };
  assert.equal(
    addressOf("/couches/services/points.json", "kind=cafe", view),
    "/couches/services/points.json?kind=cafe&bbox=2.30000%2C44.80000%2C2.60000%2C45.10000&zoom=11",
  );
});

test("a count fits its marker", () => {
  assert.deepEqual([1, 999, 1_000, 12_400, 999_499, 999_500, 1_240_000].map(short), [
    "1", "999", "1 k", "12 k", "999 k", "1 M", "1,2 M",
  ]);
});

test("the line above the list says how many, and that there are more", () => {
  const base = /** @type {const} */ ({ exact: true, cells: [], mode: "objets" });
  assert.match(summary({ ...base, total: 0, features: [] }), /Aucun objet/);
  assert.equal(summary({ ...base, total: 2, features: features(2) }), "2 objets dans cette vue.");
  assert.match(summary({ ...base, total: 30, features: features(30) }), /^30 objets.*10 premiers/);
  assert.match(summary({ ...base, mode: "agregats", exact: false, total: 100_000, features: features(10) }), /^Au moins/);
});

test("an object says what it is, where and when, and not its name twice", () => {
  const one = { title: "Café", category: "Café", commune: "Ytrac", last_observed_on: "2026-06-15" };
  assert.equal(detail(one), "Ytrac · 15 juin 2026");
  assert.equal(detail({ ...one, category: "Café de village" }), "Café de village · Ytrac · 15 juin 2026");
});
