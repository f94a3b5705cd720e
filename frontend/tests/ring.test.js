/** A contour as text: read, written, judged as the server does. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { areaOf, crosses, readVertices, writeVertices } from "../static/js/ring.js";

const at = (lat, lon) => ({ lat, lon });
const SQUARE = [at(44.93, 2.44), at(44.93, 2.45), at(44.94, 2.45), at(44.94, 2.44)];

test("what is written is read again", () => {
  assert.deepEqual(readVertices(writeVertices(SQUARE)), { vertices: SQUARE, wrong: 0 });
  assert.equal(writeVertices([at(44.93, -2.5)]), "44,93 -2,5");
});

test("usual ways to paste a vertex are read, and a wrong line is named", () => {
  for (const line of ["44,93 2,44", "44.93, 2.44", "44.93;2.44", "  44.93   2.44 "]) {
    assert.deepEqual(readVertices(`\n${line}\n`).vertices, [at(44.93, 2.44)], line);
  }
  assert.equal(readVertices("44.93 2.44\nici\n44.94 2.44").wrong, 2);
  assert.equal(readVertices("44.93 2.44 3").wrong, 1);
  assert.equal(readVertices("91 2").wrong, 1);
});

test("a bow-tie crosses itself and a square does not", () => {
  const [a, b, c, d] = SQUARE;
  assert.equal(crosses(SQUARE), false);
  assert.equal(crosses([a, b, d, c]), true);
  assert.equal(crosses([a, b, c]), false);
});

test("a square of a hundredth of a degree is 88 hectares near Aurillac", () => {
  assert.ok(Math.abs(areaOf(SQUARE) / 10000 - 87.5) < 1);
  assert.equal(areaOf(SQUARE.slice(0, 2)), 0);
});
