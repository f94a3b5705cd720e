/** The ways to give a place without one's position: a name, a known place, numbers, the map. */

import { readPlace, sayPlace, writeDegrees } from "../coordinates.js";
import { gettext, interpolate } from "../texts.js";
import { button, field, h, notice, sayBytes } from "./dom.js";
import { addressesNamed, fetchPack, placesNamed, weighPack } from "./places.js";
import { allPacks } from "./store.js";

/** @typedef {{choose: (place: ReportPlace) => Promise<void>, say: (text: string) => void}} Hands */

/** People who type should not be answered at each letter. */
const QUIET_MS = 300;
const LISTED = 40;

/**
 * @param {string} name
 * @param {App} app
 * @param {HTMLElement} panel
 * @param {Hands} hands
 */
export async function drawWay(name, app, panel, hands) {
  const draws = { adresse: drawSearch, connu: drawKnown, coordonnees: drawNumbers, carte: drawMap };
  await draws[/** @type {keyof typeof draws} */ (name)](app, panel, hands);
  panel.scrollIntoView({ block: "nearest" });
}

/**
 * @param {App} app
 * @param {HTMLElement} panel
 * @param {Hands} hands
 */
function drawSearch(app, panel, { choose, say }) {
  const input = h("input", { type: "search", autocomplete: "off", enterkeyhint: "search", maxlength: "120" });
  const list = h("ul", { class: "propositions" });
  const state = h("p", { role: "status", class: "discret" });
  let turn = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const search = async () => {
    const text = input.value.trim();
    const mine = ++turn;
    if (text.length < 3) return list.replaceChildren();
    const here = await placesNamed(text);
    if (mine !== turn) return;
    fill(here);
    const online = await addressesNamed(app.config.geocodeur ?? "", text, app.draft?.place ?? null);
    if (mine !== turn) return;
    const all = [...here, ...(online ?? [])];
    fill(all);
    if (online === null && !here.length) state.textContent = gettext("Pas de réseau : les adresses ne répondent pas. Essayez un lieu connu, la carte ou des coordonnées.");
    else if (!all.length) state.textContent = gettext("Rien sous ce nom. Essayez le hameau, ou le nom de la commune.");
    else state.textContent = "";
  };
  const fill = (/** @type {Suggestion[]} */ found) => list.replaceChildren(...found.map((one) => suggestion(one.name, one.detail, async () => {
    await choose({ lon: one.lon, lat: one.lat, accuracy: null, source: one.source });
    say(interpolate(gettext("Lieu choisi : %(place)s."), { place: one.name }));
    panel.replaceChildren();
  })));
  input.oninput = () => {
    clearTimeout(timer);
    timer = setTimeout(search, QUIET_MS);
  };
  const form = h("form", { role: "search", onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    search();
  } }, field(gettext("Adresse, hameau ou lieu-dit"), input, gettext("Par exemple « mairie d'Ytrac » ou « Le Bourg, Laroquevieille ».")), state, list);
  panel.replaceChildren(form);
  input.focus();
}

/**
 * @param {string} name
 * @param {string} detail
 * @param {() => void} choose
 */
function suggestion(name, detail, choose) {
  return h("li", {}, h("button", { type: "button", class: "proposition", onclick: choose }, h("strong", {}, name), detail && h("span", { class: "discret" }, detail)));
}

/**
 * Known places of the communes at hand: town halls, hamlets, what is published.
 * @param {App} app
 * @param {HTMLElement} panel
 * @param {Hands} hands
 */
async function drawKnown(app, panel, hands) {
  const packs = await allPacks();
  const code = app.draft?.commune?.code || app.query.get("commune") || "";
  const wanted = code && !packs.some((pack) => pack.code === code) ? await offerPack(app, panel, hands, code) : null;
  const list = h("ul", { class: "propositions" });
  const places = packs.flatMap((pack) => pack.places.map((/** @type {any} */ place) => ({ ...place, commune: place.kind === "mairie" ? "" : pack.commune.nom })));
  const fill = (/** @type {string} */ text) => {
    const folded = text.toLocaleLowerCase("fr");
    const shown = places.filter(({ name }) => name.toLocaleLowerCase("fr").includes(folded)).slice(0, LISTED);
    list.replaceChildren(...shown.map((place) => suggestion(place.name, place.commune, async () => {
      await hands.choose({ lon: place.lon, lat: place.lat, accuracy: null, source: "list" });
      hands.say(interpolate(gettext("Lieu choisi : %(place)s."), { place: place.name }));
      panel.replaceChildren();
    })));
  };
  fill("");
  const filter = h("input", { type: "search", autocomplete: "off" });
  filter.oninput = () => fill(filter.value.trim());
  panel.replaceChildren(...(wanted ? [wanted] : []),
    ...(places.length > 8 ? [field(gettext("Chercher dans la liste"), filter)] : []),
    list,
    ...(places.length || wanted ? [] : [notice("", gettext("Aucune commune n'est préparée sur ce téléphone."), " ", h("a", { href: "#preparer" }, gettext("Préparer mon téléphone")))]));
}

/**
 * @param {App} app
 * @param {HTMLElement} panel
 * @param {Hands} hands
 * @param {string} code
 */
async function offerPack(app, panel, hands, code) {
  const weight = await weighPack(code);
  if (!weight?.ok) return null;
  const load = button(interpolate(gettext("Charger les lieux de la commune (%(size)s)"), { size: sayBytes(weight.size) }), async () => {
    try {
      await fetchPack(code, weight.size);
    } catch {
      hands.say(gettext("Le réseau a lâché avant la fin : réessayez, rien n'est abîmé."));
    }
    await drawKnown(app, panel, hands);
  });
  return h("p", { class: "boutons" }, load);
}

/**
 * Two numbers, or both pasted in one field.
 * @param {App} app
 * @param {HTMLElement} panel
 * @param {Hands} hands
 */
function drawNumbers(app, panel, { choose, say }) {
  const { fields, read, mistake } = numbers(app);
  const form = h("form", { onsubmit: async (/** @type {Event} */ event) => {
    event.preventDefault();
    const place = read();
    if (!place) return;
    await choose({ ...place, accuracy: null, source: "coordinates" });
    say(interpolate(gettext("Lieu placé : %(place)s."), { place: sayPlace(place) }));
  } }, fields, mistake, h("p", { class: "boutons" }, h("button", { class: "bouton bouton--second" }, gettext("Placer ici"))));
  panel.replaceChildren(form);
  panel.querySelector("input")?.focus();
}

/** @param {App} app */
function numbers(app) {
  const place = app.draft?.place;
  const make = (/** @type {number | undefined} */ value) => h("input", { type: "text", inputmode: "decimal", autocomplete: "off", value: value === undefined ? "" : writeDegrees(value) });
  const lat = make(place?.lat);
  const lon = make(place?.lon);
  const mistake = h("div", {});
  lat.oninput = () => {
    // "44.9262, 2.4397", as maps give it.
    const pair = /^\s*(-?\d+[.,]\d+)\s*[,; ]\s*(-?\d+[.,]\d+)\s*$/.exec(lat.value);
    if (pair) [lat.value, lon.value] = [pair[1], pair[2]];
  };
  const read = () => {
    const typed = readPlace(lon.value, lat.value);
    mistake.replaceChildren(...(typed ? [] : [notice("erreur", gettext("Écrivez deux nombres de degrés, par exemple latitude 44,9262 et longitude 2,4397."))]));
    return typed;
  };
  const fields = h("div", { class: "champs" },
    field(gettext("Latitude"), lat, gettext("Degrés décimaux, par exemple 44,9262.")),
    field(gettext("Longitude"), lon, gettext("Par exemple 2,4397. À l'ouest de Greenwich, commencez par −.")));
  return { fields, lat, lon, read, mistake };
}

/**
 * The map under a fixed cross, with its two numbers below: each follows the other.
 * @param {App} app
 * @param {HTMLElement} panel
 * @param {Hands} hands
 */
async function drawMap(app, panel, { choose, say }) {
  const box = h("div", { class: "carte carte--placer" });
  const { fields, lat, lon, read, mistake } = numbers(app);
  const place = async () => {
    const typed = read();
    if (!typed) return;
    await choose({ ...typed, accuracy: null, source: "map" });
    say(interpolate(gettext("Lieu placé : %(place)s."), { place: sayPlace(typed) }));
  };
  panel.replaceChildren(
    h("p", { class: "aide" }, gettext("Déplacez la carte pour mettre le lieu sous la croix, puis choisissez « Placer ici ». Au clavier : flèches pour déplacer, + et − pour zoomer.")),
    box, h("p", { class: "boutons" }, button(gettext("Placer ici"), place)), fields, mistake);
  const { openMap } = await import("./map_way.js");
  await openMap(app, box, { lat, lon, read, say });
}
