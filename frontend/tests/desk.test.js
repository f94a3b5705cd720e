import assert from "node:assert/strict";
import { test } from "node:test";

import { commandOf } from "../static/js/desk/keys.js";
import { dropClick, judge, keepClick, readClicks, refuseClick, toSend } from "../static/js/desk/clicks.js";

function memory() {
  const kept = new Map();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
    clear: () => kept.clear(),
    key: () => null,
    length: 0,
  };
}

const click = (id, more = {}) => ({ id, url: "/moderation/gestes/", body: "action=accept", title: "Orange", link: "/moderation/x/", who: "7", at: 1, ...more });

test("a click is kept once, whatever its tries, and dropped when it is answered", () => {
  const storage = memory();
  keepClick(storage, click("a"));
  keepClick(storage, click("b", { at: 2 }));
  keepClick(storage, click("a"));
  assert.deepEqual(readClicks(storage).map(({ id }) => id).sort(), ["a", "b"]);
  dropClick(storage, "a");
  assert.deepEqual(readClicks(storage).map(({ id }) => id), ["b"]);
  dropClick(storage, "b");
  assert.equal(storage.getItem("reperes-gestes"), null);
});

test("a damaged store is empty, never an error", () => {
  for (const text of ["{", "null", "7", '[null, {"id": 3}]']) {
    assert.deepEqual(readClicks({ getItem: () => text }), []);
  }
});

test("only one's own, only what was not refused, oldest first", () => {
  const storage = memory();
  keepClick(storage, click("later", { at: 9 }));
  keepClick(storage, click("other", { who: "8" }));
  keepClick(storage, click("first", { at: 1 }));
  keepClick(storage, click("refused", { at: 0 }));
  refuseClick(storage, "refused", "Déjà décidé.");
  assert.deepEqual(toSend(readClicks(storage), "7").map(({ id }) => id), ["first", "later"]);
  assert.equal(readClicks(storage).find(({ id }) => id === "refused")?.refused, "Déjà décidé.");
});

test("only an answer that names the click is one", () => {
  const kinds = (answer) => judge(click("a"), { redirected: false, url: "/moderation/gestes/", json: null, ...answer }).kind;
  assert.equal(kinds({ status: 200, json: { id: "a", applied: 1 } }), "done");
  assert.equal(kinds({ status: 200 }), "later", "a portal's page");
  assert.equal(kinds({ status: 200, json: { id: "b", applied: 1 } }), "later", "somebody else's answer");
  assert.equal(kinds({ status: 200, redirected: true, url: "https://x/compte/connexion/?next=/" }), "signin");
  assert.equal(kinds({ status: 403 }), "reload", "the CSRF page");
  assert.equal(kinds({ status: 412, json: { id: "a", applied: 0, detail: "Driss a déjà décidé" } }), "refused");
  assert.equal(kinds({ status: 503, json: { id: "a" } }), "later");
  assert.equal(kinds({ status: 502 }), "later");
});

test("letters decide, digits give the reason, and nothing happens while one types", () => {
  const idle = { typing: false, choosing: false };
  assert.deepEqual(commandOf({ key: "v" }, idle), { command: "gesture", value: "accept" });
  assert.deepEqual(commandOf({ key: "R" }, idle), { command: "gesture", value: "reject" });
  assert.deepEqual(commandOf({ key: "j" }, idle), { command: "next" });
  assert.equal(commandOf({ key: "1" }, idle), null);
  assert.deepEqual(commandOf({ key: "1" }, { ...idle, choosing: true }), { command: "reason", value: "1" });
  assert.equal(commandOf({ key: "v" }, { ...idle, typing: true }), null);
  assert.equal(commandOf({ key: "v", ctrlKey: true }, idle), null, "the browser's paste");
  assert.equal(commandOf({ key: "v", repeat: true }, idle), null, "a key held down decides once");
  assert.deepEqual(commandOf({ key: "Escape" }, { ...idle, typing: true }), { command: "close" });
});
