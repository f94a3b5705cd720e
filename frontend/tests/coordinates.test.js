import assert from "node:assert/strict";
import { test } from "node:test";

import { readDegrees, readPlace, sayDistance, sayPlace, wrapLongitude, writeDegrees } from "../static/js/coordinates.js";

test("a French comma and a typographic minus are understood", () => {
  assert.equal(readDegrees(" 44,9262 "), 44.9262);
  assert.equal(readDegrees("−61,5"), -61.5);
});

test("what is not a number of degrees is refused", () => {
  for (const text of ["", "abc", "1e3", "NaN", "4,5,6", "0x10", "Infinity", "1234.5", "--1"]) {
    assert.equal(readDegrees(text), null, text);
  }
});

test("a place out of range is no place", () => {
  assert.deepEqual(readPlace("2,44", "44,93"), { lon: 2.44, lat: 44.93 });
  assert.equal(readPlace("181", "44"), null);
  assert.equal(readPlace("2", "91"), null);
  assert.equal(readPlace("2", ""), null);
});

test("what is written can be read back, without exponent", () => {
  assert.equal(writeDegrees(0.0000004), "0");
  assert.equal(writeDegrees(2.4397), "2.4397");
  for (let i = 0; i < 2000; i += 1) {
    const lon = (Math.random() - 0.5) * 360;
    const read = readDegrees(writeDegrees(lon));
    assert.ok(read !== null && Math.abs(read - lon) <= 5e-7, String(lon));
  }
});

test("a map dragged around the world still gives a longitude", () => {
  assert.ok(Math.abs(wrapLongitude(362.44) - 2.44) < 1e-9);
  assert.ok(Math.abs(wrapLongitude(-362.44) + 2.44) < 1e-9);
  assert.equal(wrapLongitude(180), 180);
});

test("places and distances are said in French", () => {
  assert.equal(sayPlace({ lon: 2.4397, lat: 44.9262 }), "44,92620 N, 2,43970 E");
  assert.equal(sayPlace({ lon: -61.5, lat: -21.1 }), "21,10000 S, 61,50000 O");
  assert.equal(sayDistance(17.6), "18 m");
  assert.equal(sayDistance(0.2), "1 m");
  assert.equal(sayDistance(1234), "1,2 km");
});
