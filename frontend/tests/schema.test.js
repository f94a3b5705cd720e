import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { check, clean, describe, essential, midSentence, optional, questionsOf, readable } from "../static/js/signaler/schema.js";
import { gettext, interpolate, ngettext } from "../static/js/texts.js";

const load = (/** @type {string} */ slug) => {
  const file = new URL(`../../couches/catalogue/${slug}.json`, import.meta.url);
  const { title, attribute_schema: schema } = JSON.parse(readFileSync(file, "utf8"));
  return { slug, title, schema };
};
const ZONES = load("zones-blanches");
const SERVICES = load("services");
const BUILDINGS = load("batiments-publics");
const kinds = (/** @type {any} */ couche) => Object.fromEntries(questionsOf(couche).map(({ name, kind }) => [name, kind]));
const find = (/** @type {any} */ couche, /** @type {string} */ name) => questionsOf(couche).find((one) => one.name === name);
const orange = (/** @type {any} */ said) => ({ operators: [{ operator: "20801", ...said }] });

test("each attribute of the dead zones is the question it looks like", () => {
  assert.deepEqual(kinds(ZONES), {
    operators: "rows", display: "choice", bars: "number", place: "choice", frequency: "choice",
    since: "text", cause: "choice", phone_model: "text", volte: "yesno", comment: "long",
  });
});

test("a list longer than a screen is a menu", () => {
  const { kind, nom, services, horaires, itinerance, tournee } = kinds(SERVICES);
  assert.deepEqual({ kind, nom, services, horaires, itinerance, tournee }, {
    kind: "menu", nom: "text", services: "many", horaires: "text", itinerance: "choice", tournee: "rows",
  });
  assert.equal(kinds(BUILDINGS).kind, "menu");
  assert.equal(kinds(BUILDINGS).entree_marches, "number");
});

test("what the town hall completes is not asked", () => {
  for (const couche of [ZONES, SERVICES, BUILDINGS]) {
    const asked = new Set(Object.keys(kinds(couche)));
    for (const [name, one] of Object.entries(couche.schema.properties)) {
      assert.equal(asked.has(name), !(/** @type {any} */ (one)["x-complete"]), name);
    }
  }
});

test("the questions follow x-order whatever the order of the keys", () => {
  const properties = Object.fromEntries(Object.entries(ZONES.schema.properties).reverse());
  const shuffled = { ...ZONES, schema: { ...ZONES.schema, properties } };
  assert.deepEqual(Object.keys(kinds(shuffled)), Object.keys(kinds(ZONES)));
});

test("what must be answered is asked first, and nothing is asked twice", () => {
  assert.deepEqual(essential(ZONES).map(({ name }) => name), ["operators"]);
  assert.deepEqual(essential(SERVICES).map(({ name }) => name), ["kind", "nom"]);
  assert.equal(essential(SERVICES).length + optional(SERVICES).length, questionsOf(SERVICES).length);
});

test("a question carries its words, its group and its choices", () => {
  const place = find(ZONES, "place");
  assert.equal(place?.title, "Où étiez-vous ?");
  assert.deepEqual(place?.group, { id: "situation", title: "La situation" });
  assert.deepEqual(place?.options[0], { value: "outdoors", label: "Dehors" });
  assert.deepEqual(find(ZONES, "bars")?.options.map(({ value }) => value), [0, 1, 2, 3, 4]);
  assert.deepEqual(find(BUILDINGS, "entree_marches")?.options, []);
});

test("operators are lines that may all say nothing, stops are not", () => {
  const operators = find(ZONES, "operators");
  assert.deepEqual(operators?.parts.map(({ name }) => name), ["operator", "calls", "sms", "data"]);
  assert.deepEqual(operators?.fixed, ["20801", "20810", "20815", "20820"]);
  assert.equal(operators?.nothing, "none");
  assert.equal(find(SERVICES, "tournee")?.nothing, "");
  assert.deepEqual(find(SERVICES, "tournee")?.fixed.length, 0);
});

test("values are read as people say them", () => {
  assert.equal(readable("2026-03", { "x-format": "date_partielle" }), "03/2026");
  assert.equal(readable("Mo-Sa 08:00-19:30; PH off", { "x-format": "horaires" }), "lundi–samedi 8\u00a0h–19\u00a0h\u00a030 ; jours fériés fermé");
  assert.equal(readable(false, {}), "non");
  assert.equal(readable(0, {}), "0");
  assert.equal(midSentence("SMS"), "SMS");
  assert.equal(midSentence("École"), "école");
  assert.deepEqual(describe(ZONES, { ...orange({ calls: "none", sms: "poor" }), bars: 0, comment: "" }), [
    { label: "Que se passe-t-il, opérateur par opérateur ?", value: "Orange : appels impossible, SMS difficile" },
    { label: "Barres de réseau", value: "0" },
  ]);
});

test("an empty answer is not kept, false and zero are", () => {
  assert.deepEqual(clean({ a: " ", b: null, c: [], d: [{ e: "" }, { e: " x " }], f: false, g: 0, h: {} }), {
    d: [{ e: "x" }], f: false, g: 0,
  });
});

test("a whole report has nothing to be told", () => {
  assert.deepEqual(check(ZONES, orange({ calls: "none" })), {});
  assert.deepEqual(check(SERVICES, { kind: "cafe", nom: "Café de la Place", services: [SERVICES.schema.properties.services.items.enum[0]] }), {});
});

test("each refusal names its place and what to do", () => {
  /** @type {[any, any, string, RegExp][]} */
  const refusals = [
    [ZONES, {}, "attributes.operators", /au moins un opérateur/],
    [ZONES, { operators: [] }, "attributes.operators", /au moins un opérateur/],
    [ZONES, { operators: "20801" }, "attributes.operators", /au moins un opérateur/],
    [ZONES, orange({}), "attributes.operators.0", /au moins une chose/],
    [ZONES, orange({ calls: "bof" }), "attributes.operators.0.calls", /impossible \(none\)/],
    [ZONES, { operators: [{ calls: "ok" }] }, "attributes.operators.0.operator", /Choisissez un opérateur/],
    [ZONES, { operators: [...orange({ calls: "ok" }).operators, ...orange({ sms: "ok" }).operators] }, "attributes.operators.1.operator", /« Orange » est donné deux fois/],
    [ZONES, { ...orange({ calls: "ok" }), bars: 5 }, "attributes.bars", /de 0 à 4/],
    [ZONES, { ...orange({ calls: "ok" }), bars: "deux" }, "attributes.bars", /de 0 à 4/],
    [ZONES, { ...orange({ calls: "ok" }), bars: 1.5 }, "attributes.bars", /de 0 à 4/],
    [ZONES, { ...orange({ calls: "ok" }), phone_model: "x".repeat(81) }, "attributes.phone_model", /80 caractères au plus/],
    [SERVICES, { kind: "cafe", nom: "C" }, "attributes.nom", /2 à 140/],
    [SERVICES, { kind: "cafe", nom: "Café", tournee: [{ jour: "lundi", debut: "10:00", fin: "09:00" }] }, "attributes.tournee.0.fin", /après le début/],
    [SERVICES, { kind: "cafe", nom: "Café", code_postal: "1500" }, "attributes.code_postal", /cinq chiffres/],
  ];
  for (const [couche, attributes, path, words] of refusals) {
    const errors = check(couche, attributes);
    assert.deepEqual(Object.keys(errors), [path], JSON.stringify(attributes));
    assert.match(errors[path], words);
  }
});

test("a part of a form obliges to nothing, a line of it still does", () => {
  assert.deepEqual(check(ZONES, { bars: 2 }, { partial: true }), {});
  assert.deepEqual(Object.keys(check(ZONES, orange({}), { partial: true })), ["attributes.operators.0"]);
});

test("notations are left to the server, which knows them", () => {
  assert.deepEqual(check(SERVICES, { kind: "cafe", nom: "Café", telephone: "04 71 45 46 46", horaires: "lundi 9h-12h" }), {});
});

test("without a catalogue the sentences are the French ones", () => {
  assert.equal(gettext("oui"), "oui");
  assert.deepEqual([0, 1, 1.5, 2].map((n) => ngettext("point", "points", n)), ["point", "point", "point", "points"]);
  assert.equal(interpolate("%(a)s sur %(b)s, 50 %", { a: 1, b: "deux" }), "1 sur deux, 50 %");
});
