/** The follow-up link is read strictly, and moments are French. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { hasUnsentText } from "../static/js/queue.js";
import { frenchHour, frenchMoment, readFragment } from "../static/js/suivi.js";

const ID = "3f2b8c1e-6d4a-4a57-9c1b-2f60d2a3b4c5";
const SECRET = "abcdefghijklmnopqrstuv";

test("a whole fragment gives the id and the secret", () => {
  assert.deepEqual(readFragment(`#${ID}.${SECRET}`), { id: ID, secret: SECRET });
  assert.deepEqual(readFragment(`#${ID.toUpperCase()}.${SECRET}`), { id: ID, secret: SECRET });
});

test("anything else gives nothing", () => {
  for (const text of ["", "#", `#${ID}`, `#${ID}.court`, `#../../admin.${SECRET}`, `#${ID}.${SECRET}/x`]) {
    assert.equal(readFragment(text), null);
  }
});

test("a moment reads as in French", () => {
  assert.match(frenchMoment("2026-03-03T13:02:00Z"), /3 mars 2026.*14:02/);
});

test("an hour reads as in French, in mainland time whatever the device's", () => {
  assert.equal(frenchHour("2026-11-01T14:04:00Z"), "15 h 04");
  assert.equal(frenchHour("2026-07-01T06:30:00Z"), "8 h 30");
});

test("only what was changed by hand is unsent", () => {
  assert.equal(hasUnsentText([{ value: " a ", defaultValue: "a" }]), false);
  assert.equal(hasUnsentText([{ value: "b", defaultValue: "" }]), true);
});
