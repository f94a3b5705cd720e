/** Entry of pages with a map: wires every container that asks for one. */

import { enhancePlacer } from "./placer.js";
import { enhancePoints } from "./points.js";

document.documentElement.classList.add("avec-script");
for (const frame of document.querySelectorAll("[data-carte-placer]")) enhancePlacer(/** @type {HTMLElement} */ (frame));
for (const section of document.querySelectorAll("[data-carte-points]")) enhancePoints(/** @type {HTMLDetailsElement} */ (section));
