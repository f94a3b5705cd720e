/** Entry of the queue's page: cards that open in place, and the map beside them. */

import { enhanceCards } from "./cards.js";
import { enhanceListMap } from "./list_map.js";

document.documentElement.classList.add("avec-script");
const list = document.querySelector("[data-file]");
if (list instanceof HTMLElement) enhanceCards(list);
const section = document.querySelector("[data-carte-file]");
if (section instanceof HTMLDetailsElement && list) enhanceListMap(section);
document.getElementById("erreurs")?.focus();
