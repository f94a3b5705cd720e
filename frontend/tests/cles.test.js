import assert from "node:assert/strict";
import { test } from "node:test";

import { readOptions, toBytes, toText, writeCredential } from "../static/js/cles.js";

const bytes = (...values) => Uint8Array.from(values).buffer;

test("bytes go to text and back, whatever they are", () => {
  for (const one of [bytes(), bytes(0), bytes(255, 254, 253, 0), bytes(...Array(256).keys())]) {
    const text = toText(one);
    assert.match(text, /^[A-Za-z0-9_-]*$/);
    assert.deepEqual(toBytes(text), one);
  }
});

test("the options of the server become bytes where the browser wants bytes, and stay as they are elsewhere", () => {
  const read = readOptions({
    challenge: "AQI",
    rpId: "localhost",
    user: { id: "Aw", name: "maire" },
    excludeCredentials: [{ type: "public-key", id: "BA" }],
  });
  assert.deepEqual(read.challenge, bytes(1, 2));
  assert.deepEqual(read.user, { id: bytes(3), name: "maire" });
  assert.deepEqual(read.excludeCredentials, [{ type: "public-key", id: bytes(4) }]);
  assert.equal(read.rpId, "localhost");
  assert.equal("allowCredentials" in read, false);
});

test("a credential is written with what it holds and nothing else", () => {
  const written = writeCredential({
    id: "BQ",
    rawId: bytes(5),
    type: "public-key",
    authenticatorAttachment: null,
    getClientExtensionResults: () => ({ credProps: { rk: true } }),
    response: { clientDataJSON: bytes(6), signature: bytes(7), authenticatorData: bytes(8), userHandle: null },
  });
  assert.deepEqual(written.response, { clientDataJSON: "Bg", signature: "Bw", authenticatorData: "CA" });
  assert.equal(JSON.parse(JSON.stringify(written)).rawId, "BQ");
});
