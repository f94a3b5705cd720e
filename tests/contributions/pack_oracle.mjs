// Answers on standard output where each point of standard input lies, as a phone would say from its pack.
import { readFileSync } from "node:fs";

import { findCommune, metresBetween, tileUrls } from "../../frontend/static/js/signaler/commune.js";

const { packs, points, pairs } = JSON.parse(readFileSync(0, "utf8"));
const found = points.map(([code, lon, lat]) => findCommune(packs[code], { lon, lat }));
const tiles = Object.fromEntries(Object.entries(packs).map(([code, pack]) => [code, tileUrls(pack).length]));
const metres = pairs.map(([a, b]) => metresBetween({ lon: a[0], lat: a[1] }, { lon: b[0], lat: b[1] }));
process.stdout.write(JSON.stringify({ found, tiles, metres }));
