import assert from "node:assert/strict";
import { test } from "node:test";

import { changesTo, doubt, partsOf, readAddress, reverseUrl, sayAddress, searchUrl } from "../static/js/completer.js";
import { publicReason } from "../static/js/motifs.js";

const answer = (/** @type {any} */ given = {}) => ({
  features: [
    {
      properties: {
        label: "12 Rue des Carmes 15000 Aurillac", housenumber: "12", street: "Rue des Carmes", name: "12 Rue des Carmes",
        postcode: "15000", citycode: "15014", city: "Aurillac", id: "15014_0610_00012", score: 0.97, distance: 18, type: "housenumber", ...given,
      },
    },
  ],
});
const address = (/** @type {any} */ given = {}) => /** @type {any} */ (readAddress(answer(given)));

test("the questions name the point, or the text and its commune, and the index of addresses", () => {
  assert.equal(reverseUrl("https://g", { lon: 2.44, lat: 44.93 }), "https://g/reverse?lon=2.44&lat=44.93&index=address&limit=1");
  const url = new URL(searchUrl("https://g", "rue & place", "15014"));
  assert.equal(url.searchParams.get("q"), "rue & place");
  assert.equal(url.searchParams.get("citycode"), "15014");
});

test("an address is read, whatever else comes", () => {
  assert.equal(address().way, "Rue des Carmes");
  for (const odd of [null, {}, { features: [] }, { features: [{}] }, { features: "x" }, [], "x", { features: [{ properties: { street: {} } }] }]) {
    assert.equal(readAddress(odd), null);
  }
  assert.equal(address({ score: "1" }).score, 0);
  assert.equal(address({ score: Number.NaN, distance: null }).distance, null);
});

test("a doubtful address says why", () => {
  assert.equal(doubt(address(), "15014"), "");
  assert.match(doubt(address({ score: 0.4 }), "15014"), /peu sûre/);
  assert.match(doubt(address({ distance: 400 }), "15014"), /loin du point/);
  assert.match(doubt(address({ citycode: "15267", city: "Ytrac" }), "15014"), /Ytrac/);
  assert.match(sayAddress(address({ score: 0.4 }), "15014"), /40 %.*vérifiez/);
});

test("what is already said is never overwritten unasked", () => {
  const changes = changesTo({ line: "Place du Square", postcode: "", key: "" }, address());
  assert.deepEqual(changes.map(({ part, overwrites }) => [part, overwrites]), [["line", true], ["postcode", false], ["key", false]]);
  assert.deepEqual(changesTo({ line: "12 Rue des Carmes", postcode: " 15000 " }, address()), []);
  assert.deepEqual(changesTo({}, address()), []);
});

test("a hamlet has the number the schema gives to hamlets; a false postcode is left out", () => {
  const hamlet = partsOf(address({ housenumber: "", street: "", name: "Le Bex", type: "locality", postcode: "1500" }));
  assert.deepEqual([hamlet.line, hamlet.number, hamlet.way, hamlet.postcode], ["Le Bex", "99999", "Le Bex", ""]);
});

test("the preview says what was typed, else the sentence of the reason", () => {
  assert.equal(publicReason("  ", " Voyez la mairie. "), "Voyez la mairie.");
  assert.equal(publicReason("Autre.", "Voyez la mairie."), "Autre.");
});
