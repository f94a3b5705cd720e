/** The map and the list of a couche: one answer of the server fills both. */

import { canDraw, create } from "../map.js";
import { WORDS } from "../words.js";
import { addressOf, linesOf, pointsOf, summary } from "./view.js";

/** @typedef {import("../map.js").OurMap} OurMap */

/** Moving stops, then the server is asked: never at each pixel. */
const REST_MS = 250;

/**
 * @param {HTMLElement} section
 * @param {string} name
 */
const part = (section, name) => /** @type {HTMLElement} */ (section.querySelector(`[data-${name}]`));

/** @param {HTMLElement} section */
function start(section) {
  /** @type {AbortController | null} */
  let asked = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  // The frame is the server's own first page: the list changes once somebody moves the map.
  let moved = false;
  const box = part(section, "carte");
  const view = () => part(section, "vue").dataset;
  const legend = section.querySelector(".couche-legende .forme");
  if (legend instanceof SVGElement) legend.style.color = view().couleur ?? "";
  const map = create(box, { tiles: view().tuiles ?? "", name: view().nom });
  map.frame(readBox(view().cadre));

  const ask = async () => {
    asked?.abort();
    asked = new AbortController();
    const { signal } = asked;
    try {
      const answer = await fetch(addressOf(view().points ?? "", view().requete ?? "", map.view()), { signal });
      if (!answer.ok) throw new Error(String(answer.status));
      show(await answer.json());
    } catch {
      if (!signal.aborted) part(section, "compte").textContent = WORDS.notFound;
    }
  };

  /** @param {import("./view.js").View} seen */
  const show = (seen) => {
    const pages = view().objets ?? "";
    const zoomTo = (/** @type {import("../coordinates.js").Place} */ place) => map.centre(place, map.view().zoom + 2);
    map.keep(pointsOf(seen, { pages, color: view().couleur ?? "", zoomTo }));
    if (!moved) return;
    // Somebody reading the list by keyboard keeps the line they are on.
    const list = part(section, "liste");
    const held = document.activeElement instanceof Element ? document.activeElement.closest("li") : null;
    const id = held && list.contains(held) ? held.dataset.id : "";
    list.replaceChildren(...linesOf(seen, pages));
    if (id) /** @type {HTMLElement | null} */ (list.querySelector(`[data-id="${id}"] a`))?.focus({ preventScroll: true });
    part(section, "compte").textContent = summary(seen);
    part(section, "pages").replaceChildren();
  };

  map.onMove(() => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      moved = true;
      void ask();
    }, REST_MS);
  });
  map.onPopup((id) => lightLine(section, id));
  for (const name of ["pointerover", "focusin"]) {
    section.addEventListener(name, (event) => {
      const line = event.target instanceof Element ? event.target.closest("[data-liste] > li") : null;
      map.mark(line instanceof HTMLElement ? (line.dataset.id ?? "") : "");
    });
  }
  enhanceFilters(section, {
    arrived: () => {
      moved = false;
      clearTimeout(timer);
      map.frame(readBox(view().cadre));
      clearTimeout(timer);
      timer = setTimeout(() => {
        moved = false;
        void ask();
      }, 0);
    },
  });
  void ask();
}

/**
 * @param {string | undefined} text
 * @returns {import("../map.js").Box}
 */
function readBox(text) {
  const [west, south, east, north] = (text ?? "").split(",").map(Number);
  return [west, south, east, north];
}

/**
 * @param {HTMLElement} section
 * @param {string} id
 */
function lightLine(section, id) {
  for (const line of section.querySelectorAll("[data-liste] > li")) {
    line.classList.toggle("couche-liste__choisi", line instanceof HTMLElement && line.dataset.id === id);
  }
}

/**
 * Filters without leaving the page: the server draws the same page, its parts are put here.
 * @param {HTMLElement} section
 * @param {{arrived: () => void}} listener
 */
function enhanceFilters(section, { arrived }) {
  /**
   * @param {string} address
   * @param {{push: boolean}} options
   */
  const go = async (address, { push }) => {
    try {
      const answer = await fetch(address);
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      place(section, page);
      if (push) history.pushState(null, "", address);
      arrived();
    } catch {
      // The browser does it the plain way, and says what is wrong.
      location.assign(address);
    }
  };
  const form = () => /** @type {HTMLFormElement} */ (part(section, "filtres"));
  section.addEventListener("submit", (event) => {
    if (event.target !== form()) return;
    event.preventDefault();
    void go(`${location.pathname}?${filled(new FormData(form()))}`, { push: true });
  });
  addEventListener("popstate", () => void go(location.pathname + location.search, { push: false }));
}

/**
 * The answers given, and no empty parameter: addresses are shared. A commune typed by name wins over the menu.
 * @param {FormData} data
 */
function filled(data) {
  const parameters = new URLSearchParams();
  for (const [name, value] of data) if (typeof value === "string" && value.trim()) parameters.set(name, value.trim());
  if (parameters.has("lieu")) parameters.delete("territoire");
  return parameters;
}

/**
 * Put the form and the results of another page in this one; the map stays.
 * @param {HTMLElement} section
 * @param {Document} page
 */
function place(section, page) {
  const other = /** @type {HTMLElement} */ (page.querySelector("[data-couche-carte]"));
  const box = /** @type {HTMLElement} */ (section.querySelector(".couche-vue__carte"));
  part(section, "filtres").replaceWith(part(other, "filtres"));
  const result = part(other, "resultat");
  /** @type {HTMLElement} */ (result.querySelector(".couche-vue__carte")).replaceWith(box);
  part(section, "resultat").replaceWith(result);
}

document.documentElement.classList.add("avec-script");
const section = document.querySelector("[data-couche-carte]");
if (section instanceof HTMLElement) {
  if (canDraw()) start(section);
  else section.querySelector(".couche-vue__carte")?.remove();
}
