/** Où ? The position at once; the other ways one tap away; none needs the map. */

import { sayPlace } from "../coordinates.js";
import { findPosition } from "../position.js";
import { gettext } from "../texts.js";
import { button, h, notice, show } from "./dom.js";
import { toSubmission } from "./payload.js";
import { communeOf, knownNear, nearOf, preview } from "./places.js";
import { drawWay } from "./ways.js";

/** The ways to give a place, all equal; the map is one more, never needed. */
const WAYS = {
  adresse: gettext("Une adresse ou un lieu-dit"),
  connu: gettext("Un lieu connu"),
  coordonnees: gettext("Des coordonnées"),
  carte: gettext("La carte"),
};

/** @param {App} app */
export async function draw(app) {
  const mistake = h("div", {});
  const place = placeBlock(app, () => mistake.replaceChildren());
  show(app.root, {
    title: gettext("Où est-ce ?"),
    step: 2,
    body: [...place.parts, mistake],
    bar: [
      button(gettext("Retour"), () => app.go("quoi")),
      button(gettext("C'est ici"), () => next(app, mistake), ""),
    ],
  });
  app.leave = place.stop;
  if (app.draft?.place) await place.describe();
  else if (await isGranted()) place.start();
}

/**
 * Everything that gives a place, for the report's page and for the town hall's desk.
 * @param {App} app
 * @param {() => void} chosen called each time a place is given
 */
export function placeBlock(app, chosen) {
  const status = h("p", { class: "lieu__etat", role: "status" });
  const found = h("div", { class: "lieu__trouve" });
  const panel = h("div", { class: "lieu__panneau" });
  const locate = h("button", { type: "button", class: "bouton bouton--large", onclick: () => start() }, gettext("Utiliser ma position"));
  const enough = button(gettext("Cette précision suffit"), () => stop?.());
  enough.hidden = true;
  /** @type {(() => void) | null} */
  let stop = null;

  const choose = async (/** @type {ReportPlace} */ place) => {
    chosen();
    // The next step is « C'est ici »: one filled button is enough.
    locate.className = "bouton bouton--second";
    await app.update((draft) => {
      draft.place = place;
      draft.commune = null;
    });
    await describe();
  };
  const describe = () => describePlace(app, found);
  const start = () => {
    if (stop) return;
    locate.hidden = true;
    enough.hidden = false;
    let first = true;
    stop = findPosition({
      say: (text) => {
        status.textContent = text;
      },
      better: ({ longitude, latitude, accuracy }) => {
        choose({ lon: round(longitude), lat: round(latitude), accuracy: Math.round(accuracy * 10) / 10, source: "gps" });
        if (first) panel.replaceChildren();
        first = false;
      },
      done: () => {
        stop = null;
        enough.hidden = true;
        locate.hidden = false;
        locate.className = app.draft?.place ? "bouton bouton--lien" : "bouton bouton--second";
        locate.textContent = gettext("Chercher de nouveau ma position");
      },
    });
  };
  const ways = Object.entries(WAYS).map(([name, label]) =>
    h("button", { type: "button", class: "bouton bouton--second voie", "aria-expanded": "false", onclick: (/** @type {Event} */ event) => open(/** @type {HTMLElement} */ (event.currentTarget), name) }, label));
  const open = async (/** @type {HTMLElement} */ chosen, /** @type {string} */ name) => {
    const closing = chosen.getAttribute("aria-expanded") === "true";
    for (const way of ways) way.setAttribute("aria-expanded", String(way === chosen && !closing));
    if (closing) return panel.replaceChildren();
    await drawWay(name, app, panel, { choose, say: (text) => { status.textContent = text; } });
  };

  const parts = [
    h("section", { class: "lieu", "aria-label": gettext("Le lieu choisi") }, found, status, h("div", { class: "boutons" }, locate, enough)),
    h("h2", { class: "voies__titre" }, gettext("Ou autrement")),
    h("div", { class: "voies" }, ways),
    panel,
  ];
  return { parts, describe, start, stop: () => stop?.() };
}

/** Whether the device gives its position without asking: then nobody waits for a tap. */
async function isGranted() {
  try {
    return (await navigator.permissions.query({ name: "geolocation" })).state === "granted";
  } catch {
    return false;
  }
}

/** @param {number} degrees 11 cm are finer than any phone */
const round = (degrees) => Math.round(degrees * 1e6) / 1e6;

/**
 * Say the place in words: how precise, which commune, how sure.
 * @param {App} app
 * @param {HTMLElement} box
 */
async function describePlace(app, box) {
  const place = app.draft?.place;
  if (!place) return;
  const where = h("p", { class: "lieu__point" }, sayPlace(place));
  const home = h("p", { class: "lieu__commune" }, app.draft?.commune?.nom ?? gettext("Commune : recherche…"));
  box.replaceChildren(home, where);
  const commune = await communeOf(place);
  // The point moved meanwhile: its own answer is on its way.
  if (!isSame(app.draft?.place, place)) return;
  if (commune?.outside) return box.replaceChildren(notice("erreur", commune.outside), where);
  if (!commune) {
    home.textContent = gettext("La commune sera trouvée à l'envoi.");
    return;
  }
  home.replaceChildren(h("strong", {}, commune.nom));
  if (commune.nearBorder) box.append(notice("attente", gettext("Tout près d'une autre commune : vérifiez le lieu. La mairie confirmera.")));
  await app.update((draft) => {
    if (isSame(draft.place, place)) draft.commune = { code: commune.code, nom: commune.nom, nearBorder: commune.nearBorder };
  });
  lookAround(app, box);
}

/**
 * Look for what is already known near, while the person reads; the next screen shows it if any.
 * @param {App} app
 * @param {HTMLElement} box where a pause of the town hall is told, before anything is typed
 */
async function lookAround(app, box) {
  const draft = app.draft;
  if (!draft?.place || draft.operation !== "create") return;
  const { place } = draft;
  app.near = { place, features: await knownNear(draft.couche, place), pending: 0 };
  const seen = await preview({ ...toSubmission(draft), email: null });
  if (!seen || !isSame(app.draft?.place, place)) return;
  app.near = { place, features: seen.duplicates.map(nearOf), pending: seen.pending };
  if (seen.pause && !draft.desk) box.append(notice("attente", seen.pause.detail));
}

/**
 * @param {{lon: number, lat: number} | null | undefined} a
 * @param {{lon: number, lat: number}} b
 */
const isSame = (a, b) => a?.lon === b.lon && a.lat === b.lat;

/**
 * @param {App} app
 * @param {HTMLElement} mistake
 */
async function next(app, mistake) {
  const place = app.draft?.place;
  if (!place) {
    mistake.replaceChildren(notice("erreur", gettext("Il manque le lieu : utilisez votre position, ou choisissez une autre façon de le donner.")));
    return;
  }
  const known = app.near && isSame(app.near.place, place) ? app.near.features : [];
  await app.go(known.length && app.draft?.operation === "create" ? "deja" : "precisez");
}
