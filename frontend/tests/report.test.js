/** What a report becomes on the wire, when it is tried again, and what a backup holds. */

import assert from "node:assert/strict";
import { pbkdf2Sync } from "node:crypto";
import { test } from "node:test";

import { readBackup, writeBackup } from "../static/js/signaler/backup.js";
import { isCorrectable, isEditable, keysToRemember, localDay, momentOfDay, newDraft, ownsAddress, ready } from "../static/js/signaler/draft.js";
import { freeze, judge, makeId, makeSecret, observedAt, toSubmission, waitAfter } from "../static/js/signaler/payload.js";
import { fromHex, solve, toHex } from "../static/js/signaler/proof.js";
import { isStale } from "../static/js/signaler/store.js";
import { gettext, interpolate, ngettext } from "../static/js/texts.js";

const COUCHE = { slug: "zones-blanches", title: "Réseau mobile" };
const HOUR = 3600000;
const NOW = Date.parse("2026-05-04T12:00:00Z");
const draft = (known = {}) => newDraft(COUCHE, known, new Date(NOW));
const isOurs = (json) => json.id === "a";

test("an id is a UUID and a secret is 32 characters that no address bar breaks", () => {
  assert.match(makeId(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.match(makeSecret(), /^[A-Za-z0-9_-]{32}$/);
  assert.notEqual(makeSecret(), makeSecret());
});

test("a UUID is made where randomUUID is missing, as on a page that is not secure", () => {
  const { randomUUID } = crypto;
  Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
  try {
    assert.match(makeId(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  } finally {
    Object.defineProperty(crypto, "randomUUID", { value: randomUUID, configurable: true });
  }
});

test("a wrong device clock is corrected, a chosen day is not, and nothing is in the future", () => {
  const at = new Date(NOW).toISOString();
  assert.equal(observedAt({ at, chosen: false }, -3 * HOUR, NOW), new Date(NOW - 3 * HOUR).toISOString());
  assert.equal(observedAt({ at: "2026-05-01T12:00:00.000Z", chosen: true }, 3 * HOUR, NOW), "2026-05-01T12:00:00.000Z");
  assert.equal(observedAt({ at, chosen: false }, 60000, NOW), at);
  assert.equal(observedAt({ at: new Date(NOW + HOUR).toISOString(), chosen: true }, 0, NOW), at);
});

test("a body frozen once holds what the API takes, and says how it came", () => {
  const place = { lon: 2.44, lat: 44.93, accuracy: 18, source: "gps" };
  const report = ready(draft({ place, attributes: { a: 1 }, email: "" }), { now: new Date(NOW), online: true });
  const body = freeze(report, 0, NOW);
  assert.deepEqual(body.geometry, { type: "Point", coordinates: [2.44, 44.93] });
  assert.deepEqual([body.channel, body.accuracy_m, body.position_source, body.email, body.operation], ["web", 18, "gps", null, "create"]);
  assert.equal(freeze({ ...report, offline: true }, 0, NOW).channel, "offline");
  assert.equal(freeze({ ...report, tries: 1 }, 0, NOW).channel, "offline");
  assert.equal(freeze(report, 0, NOW + HOUR).channel, "offline");
  assert.equal(freeze({ ...report, embed: true }, 0, NOW).channel, "embed");
  assert.equal(freeze({ ...report, desk: true, offline: true }, 0, NOW).channel, "desk");
  assert.ok(!("secret" in toSubmission(report)));
});

test("success is a JSON answer that names the report, and nothing else is", () => {
  assert.equal(judge({ status: 201, json: { id: "a" } }, isOurs), "done");
  assert.equal(judge({ status: 200, json: { id: "b" } }, isOurs), "portal");
  assert.equal(judge({ status: 200, json: null }, isOurs), "portal");
  assert.equal(judge({ status: 403, json: null }, isOurs), "portal");
  assert.equal(judge({ status: 404, json: { error: "proxy" } }, isOurs), "portal");
});

test("what may pass later is kept, what never will is refused", () => {
  const told = { detail: "…" };
  for (const status of [500, 502, 503, 507, 408, 425]) assert.equal(judge({ status, json: null }, isOurs), "server");
  assert.equal(judge({ status: 429, json: told }, isOurs), "limit");
  assert.equal(judge({ status: 401, json: told }, isOurs), "signin");
  assert.equal(judge({ status: 403, json: { ...told, type: "urn:reperes:probleme:jeton-perime" } }, isOurs), "stale");
  assert.equal(judge({ status: 403, json: { ...told, type: "urn:reperes:probleme:zone-en-pause" } }, isOurs), "pause");
  assert.equal(judge({ status: 409, json: told }, isOurs), "conflict");
  for (const status of [400, 403, 413, 422]) assert.equal(judge({ status, json: told }, isOurs), "refused");
});

test("waits double up to an hour, spread by a quarter, and the server's word wins", () => {
  assert.equal(waitAfter(1, null, 0.5), 30000);
  assert.equal(waitAfter(2, null, 0.5), 60000);
  assert.equal(waitAfter(50, null, 0.5), HOUR);
  assert.equal(waitAfter(1, null, 0), 22500);
  assert.equal(waitAfter(1, null, 1), 37500);
  assert.equal(waitAfter(1, "120", 0.5), 120000);
  assert.equal(waitAfter(1, "demain", 0.5), 30000);
  assert.equal(waitAfter(1, String(90 * 86400), 0.5), 6 * HOUR);
});

test("what may have reached the server is no longer changed on the device", () => {
  assert.equal(isEditable(draft()), true);
  assert.equal(isEditable(draft({ state: "waiting" })), true);
  assert.equal(isEditable(draft({ state: "waiting", frozen: {} })), false);
  assert.equal(isEditable(draft({ state: "refused" })), true);
  assert.equal(isEditable(draft({ state: "sent" })), false);
});

test("a correction is offered for an hour, to its author, while nobody decided", () => {
  const sent = draft({ state: "sent", status: "SUBMITTED", correct_until: new Date(NOW + HOUR).toISOString() });
  assert.equal(isCorrectable(sent, NOW), true);
  assert.equal(isCorrectable(sent, NOW + HOUR), false);
  assert.equal(isCorrectable({ ...sent, status: "ACCEPTED" }, NOW), false);
  assert.equal(isCorrectable({ ...sent, secret: "" }, NOW), false);
  assert.equal(isCorrectable({ ...sent, operation: "confirm" }, NOW), false);
});

test("a day is its noon, today is now, tomorrow and nonsense are nothing", () => {
  const now = new Date(2026, 4, 4, 9, 0);
  assert.equal(momentOfDay("2026-05-01", now), new Date(2026, 4, 1, 12).toISOString());
  assert.equal(momentOfDay("2026-05-04", now), now.toISOString());
  for (const day of ["2026-05-05", "1999-12-31", "hier", ""]) assert.equal(momentOfDay(day, now), null);
  assert.equal(localDay(new Date(2026, 0, 2)), "2026-01-02");
});

test("the operators named are remembered, and only keyed lists", () => {
  const definitions = { operators: { "x-key": "operator" }, display: {} };
  assert.deepEqual(keysToRemember({ operators: [{ operator: "20801", calls: "none" }, {}], display: "4g" }, definitions), { operators: ["20801"] });
  assert.deepEqual(keysToRemember({}, definitions), {});
});

test("a correction or somebody else's report does not empty the address remembered here", () => {
  assert.equal(ownsAddress(draft()), true);
  assert.equal(ownsAddress(draft({ other: true })), false);
  assert.equal(ownsAddress(draft({ kind: "correction" })), false);
});

test("a settled report is forgotten after thirty days, one that waits never", () => {
  const days = (count) => NOW + count * 24 * HOUR;
  const sent = draft({ state: "sent", sent_at: new Date(NOW).toISOString(), settled_at: new Date(NOW).toISOString() });
  assert.equal(isStale(sent, days(29)), false);
  assert.equal(isStale(sent, days(31)), true);
  assert.equal(isStale({ ...sent, settled_at: null }, days(31)), false);
  assert.equal(isStale({ ...sent, settled_at: null }, days(366)), true);
  assert.equal(isStale(draft({ state: "waiting" }), days(4000)), false);
});

test("a backup gives back the reports and the very bytes of their photos", () => {
  const report = draft({ state: "waiting", not_before: NOW });
  const bytes = Uint8Array.from({ length: 70000 }, (_, rank) => rank % 251).buffer;
  const file = writeBackup([report], [{ id: report.id, n: 1, type: "image/jpeg", bytes }], new Date(NOW));
  const { reports, photos } = readBackup(file);
  assert.deepEqual(reports, [{ ...report, not_before: 0 }]);
  assert.deepEqual(new Uint8Array(photos[0].bytes), new Uint8Array(bytes));
});

test("a file that is no backup is refused whole", () => {
  const good = JSON.parse(writeBackup([draft()], [], new Date(NOW)));
  const bad = [
    "pas du JSON",
    "null",
    "[]",
    JSON.stringify({ ...good, format: "autre" }),
    JSON.stringify({ ...good, reports: [{ ...good.reports[0], id: "../x" }] }),
    JSON.stringify({ ...good, reports: [{ ...good.reports[0], secret: "court" }] }),
    JSON.stringify({ ...good, reports: [{ ...good.reports[0], state: "PUBLISHED" }] }),
    JSON.stringify({ ...good, reports: [null] }),
  ];
  for (const text of bad) assert.throws(() => readBackup(text), (error) => error instanceof SyntaxError || error instanceof TypeError);
});

test("a backup brings in no field we do not know", () => {
  const file = JSON.parse(writeBackup([draft()], [], new Date(NOW)));
  file.reports[0].surprise = "x";
  assert.ok(!("surprise" in readBackup(JSON.stringify(file)).reports[0]));
});

test("the proof of work finds the counter that the server chose", async () => {
  const nonce = "000102030405060708090a0b0c0d0e0f";
  const salt = "f0e0d0c0b0a090807060504030201000";
  const counter = 9;
  const password = Buffer.concat([Buffer.from(nonce, "hex"), Buffer.from([0, 0, 0, counter])]);
  const key = pbkdf2Sync(password, Buffer.from(salt, "hex"), 10, 32, "sha256").toString("hex");
  const parameters = { algorithm: "PBKDF2/SHA-256", nonce, salt, cost: 10, keyLength: 32, keyPrefix: key.slice(0, 32) };
  const challenge = { parameters, signature: "s" };
  const payload = JSON.parse(atob(await solve(challenge)));
  assert.deepEqual(payload, { challenge, solution: { counter, derivedKey: key } });
  assert.equal(toHex(fromHex(nonce)), nonce);
});

test("texts without a catalogue are the French sources", () => {
  assert.equal(gettext("Retour"), "Retour");
  assert.equal(ngettext("un", "plusieurs", 0), "un");
  assert.equal(ngettext("un", "plusieurs", 2), "plusieurs");
  assert.equal(interpolate("%(a)s et %(b)s", { a: 1 }), "1 et %(b)s");
});
