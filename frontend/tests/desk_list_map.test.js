import assert from "node:assert/strict";
import { test } from "node:test";

import { readPlace } from "../static/js/desk/list_map.js";

test("a card says where it is, or is left off the map", () => {
  assert.deepEqual(readPlace("2.440000,44.930000"), { lon: 2.44, lat: 44.93 });
  assert.equal(readPlace("2.44"), null);
  assert.equal(readPlace("ici,là"), null);
  assert.equal(readPlace(undefined), null);
});
