/**
 * Addresses from the State's geocoder, on demand: proposed with what they are worth, never written
 * unasked. Without network, or without scripts, the fields are typed by hand.
 */

import { readPlace, sayDistance } from "./coordinates.js";
import { gettext, interpolate } from "./texts.js";

const PATIENCE_MS = 8000;
/** Below it the geocoder is guessing (its scores go from 0 to 1). */
const SURE = 0.7;
/** Farther than this, the nearest address is another house's. */
const NEAR_M = 50;
/** What the national schema writes for a hamlet without numbers. */
const NO_NUMBER = "99999";

/**
 * @typedef {import("./coordinates.js").Place} Place
 * @typedef {{label: string, number: string, way: string, postcode: string, citycode: string, city: string,
 *   key: string, score: number, distance: number | null, kind: string}} Address
 * @typedef {"line" | "number" | "way" | "postcode" | "key"} Part
 * @typedef {{part: Part, before: string, after: string, overwrites: boolean}} Change
 */

/** @type {Part[]} */
const PARTS = ["line", "number", "way", "postcode", "key"];

/**
 * @param {string} geocoder base address
 * @param {Place} place
 */
export function reverseUrl(geocoder, place) {
  return `${geocoder}/reverse?${new URLSearchParams({ lon: String(place.lon), lat: String(place.lat), index: "address", limit: "1" })}`;
}

/**
 * @param {string} geocoder base address
 * @param {string} text
 * @param {string} commune INSEE code: an address of the same name elsewhere is not the one
 */
export function searchUrl(geocoder, text, commune) {
  return `${geocoder}/search?${new URLSearchParams({ q: text.slice(0, 200), index: "address", limit: "1", citycode: commune })}`;
}

/**
 * The first address of an answer, as texts and numbers whatever was received; null when there is none.
 * @param {any} answer
 * @returns {Address | null}
 */
export function readAddress(answer) {
  const found = Array.isArray(answer?.features) ? answer.features[0]?.properties : null;
  if (!found || typeof found !== "object") return null;
  const text = (/** @type {unknown} */ value) => (typeof value === "string" || typeof value === "number" ? String(value).trim().slice(0, 200) : "");
  const number = (/** @type {unknown} */ value) => (typeof value === "number" && Number.isFinite(value) ? value : null);
  const way = text(found.street) || text(found.name);
  if (!way) return null;
  return {
    label: text(found.label) || way,
    number: text(found.housenumber),
    way,
    postcode: text(found.postcode),
    citycode: text(found.citycode),
    city: text(found.city),
    key: text(found.id),
    score: number(found.score) ?? 0,
    distance: number(found.distance),
    kind: text(found.type),
  };
}

/**
 * Why an address is to be looked at twice; "" when it can be trusted.
 * @param {Address} address
 * @param {string} commune INSEE code
 * @returns {string}
 */
export function doubt(address, commune) {
  if (address.citycode && address.citycode !== commune) {
    return interpolate(gettext("Cette adresse est dans une autre commune, %(city)s : vérifiez."), { city: address.city || address.citycode });
  }
  if (address.score < SURE) return gettext("Correspondance peu sûre : vérifiez.");
  if (address.distance !== null && address.distance > NEAR_M) return gettext("L'adresse la plus proche est loin du point : vérifiez.");
  return "";
}

/**
 * What the fields would say.
 * @param {Address} address
 * @returns {Record<Part, string>}
 */
export function partsOf(address) {
  const hamlet = address.kind === "locality" && !address.number;
  return {
    line: [address.number, address.way].filter(Boolean).join(" "),
    number: hamlet ? NO_NUMBER : address.number,
    way: address.way,
    postcode: /^\d{5}$/.test(address.postcode) ? address.postcode : "",
    key: /^\w{16,80}$/.test(address.key) ? address.key : "",
  };
}

/**
 * What would change, field by field; what is already said is kept unless somebody ticks it.
 * @param {Partial<Record<Part, string>>} current the fields the page has
 * @param {Address} address
 * @returns {Change[]}
 */
export function changesTo(current, address) {
  const wanted = partsOf(address);
  return PARTS.filter((part) => part in current && wanted[part] && wanted[part] !== (current[part] ?? "").trim()).map((part) => ({
    part,
    before: (current[part] ?? "").trim(),
    after: wanted[part],
    overwrites: (current[part] ?? "").trim() !== "",
  }));
}

/**
 * The address and what it is worth, in one sentence.
 * @param {Address} address
 * @param {string} commune
 */
export function sayAddress(address, commune) {
  const values = { label: address.label, score: Math.round(100 * Math.min(1, Math.max(0, address.score))), distance: sayDistance(address.distance ?? 0) };
  const said =
    address.distance === null
      ? interpolate(gettext("%(label)s. Correspondance : %(score)s %."), values)
      : interpolate(gettext("%(label)s, à %(distance)s du point. Correspondance : %(score)s %."), values);
  return [said, doubt(address, commune)].filter(Boolean).join(" ");
}

/** @param {string} url */
async function ask(url) {
  const watchdog = new AbortController();
  const alarm = setTimeout(() => watchdog.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(url, { credentials: "omit", redirect: "error", referrerPolicy: "no-referrer", signal: watchdog.signal });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  } finally {
    clearTimeout(alarm);
  }
}

/** @param {HTMLElement} box marked `data-completer` */
export function enhanceCompleter(box) {
  const { geocodeur = "", commune = "" } = box.dataset;
  const fields = fieldsOf(box);
  const state = /** @type {HTMLElement} */ (box.querySelector("[data-completer-etat]"));
  const list = /** @type {HTMLElement} */ (box.querySelector("[data-completer-propositions]"));
  const say = (/** @type {string} */ text) => {
    state.textContent = text;
  };
  const value = (/** @type {Part} */ part) => fields.get(part)?.value.trim() ?? "";
  let asking = 0;

  const propose = async (/** @type {string} */ url) => {
    const turn = ++asking;
    list.hidden = true;
    say(gettext("Recherche de l'adresse…"));
    const answer = await ask(url);
    // A second question was asked meanwhile: its answer is the one awaited.
    if (turn !== asking) return;
    if (!answer) return say(gettext("Le service d'adresses ne répond pas : écrivez l'adresse à la main."));
    const address = readAddress(answer);
    if (!address) return say(gettext("Aucune adresse trouvée : écrivez-la à la main."));
    const changes = changesTo(Object.fromEntries([...fields].map(([part, field]) => [part, field.value])), address);
    const end = changes.length ? "" : ` ${gettext("Rien à changer.")}`;
    say(sayAddress(address, commune) + end);
    if (changes.length) showChanges(list, changes, fields, doubt(address, commune) !== "", say);
  };

  box.querySelector("[data-completer-point]")?.addEventListener("click", () => {
    const input = (/** @type {string} */ id) => /** @type {HTMLInputElement | null} */ (document.getElementById(id))?.value ?? "";
    const place = readPlace(input("completer-lon"), input("completer-lat")) ?? readPlace(box.dataset.lon ?? "", box.dataset.lat ?? "");
    if (place) propose(reverseUrl(geocodeur, place));
  });
  box.querySelector("[data-completer-texte]")?.addEventListener("click", () => {
    const typed = value("line") || [value("number") === NO_NUMBER ? "" : value("number"), value("way")].filter(Boolean).join(" ");
    if (typed.length < 3) return say(gettext("Écrivez d'abord la voie ou le lieu-dit."));
    propose(searchUrl(geocodeur, typed, commune));
  });
}

/**
 * @param {HTMLElement} box
 * @returns {Map<Part, HTMLInputElement>}
 */
function fieldsOf(box) {
  /** @type {Map<Part, HTMLInputElement>} */
  const found = new Map();
  for (const part of PARTS) {
    const field = document.getElementById(box.getAttribute(`data-champ-${part}`) ?? "");
    if (field instanceof HTMLInputElement) found.set(part, field);
  }
  return found;
}

/**
 * @param {HTMLElement} list
 * @param {Change[]} changes
 * @param {Map<Part, HTMLInputElement>} fields
 * @param {boolean} doubtful nothing is ticked beforehand
 * @param {(text: string) => void} say
 */
function showChanges(list, changes, fields, doubtful, say) {
  const rows = changes.map((change) => {
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = !change.overwrites && !doubtful;
    const label = document.createElement("label");
    label.className = "case";
    const name = fields.get(change.part)?.labels?.[0]?.textContent?.replace(/\s*:?\s*$/, "").trim() ?? "";
    const text = change.overwrites ? gettext("%(name)s : « %(after)s » au lieu de « %(before)s »") : gettext("%(name)s : « %(after)s »");
    label.append(box, ` ${interpolate(text, { ...change, name })}`);
    return { change, box, label };
  });
  const take = document.createElement("button");
  take.type = "button";
  take.className = "bouton bouton--second";
  take.textContent = gettext("Reprendre ce qui est coché");
  take.addEventListener("click", () => {
    const taken = rows.filter(({ box }) => box.checked);
    for (const { change } of taken) write(fields.get(change.part), change.after);
    list.hidden = true;
    say(taken.length ? gettext("Adresse reprise. Elle sera gardée quand vous enregistrerez.") : gettext("Rien n'a été repris."));
    if (taken.length) fields.get(taken[0].change.part)?.focus();
  });
  list.replaceChildren(...rows.map(({ label }) => label), take);
  list.hidden = false;
}

/**
 * @param {HTMLInputElement | undefined} field
 * @param {string} text
 */
function write(field, text) {
  if (!field) return;
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

if (typeof document !== "undefined") {
  document.documentElement.classList.add("avec-script");
  for (const box of document.querySelectorAll("[data-completer]")) enhanceCompleter(/** @type {HTMLElement} */ (box));
  document.getElementById("refus")?.focus();
  // A link of the gauge may lead into what is folded: older browsers do not open it themselves.
  for (const link of document.querySelectorAll('.jauge-detail a[href^="#"]')) {
    link.addEventListener("click", () => {
      const folded = document.getElementById((link.getAttribute("href") ?? "").slice(1))?.closest("details");
      if (folded) folded.open = true;
    });
  }
}
