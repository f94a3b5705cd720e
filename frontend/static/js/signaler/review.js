/** Vérifier : exactly what will be public, then one button. */

import { sayDistance, sayPlace } from "../coordinates.js";
import { gettext, interpolate, ngettext } from "../texts.js";
import { button, definitions, h, notice, sayMoment, show } from "./dom.js";
import { keysToRemember, ownsAddress, ready } from "./draft.js";
import { questionsFor } from "./details.js";
import { toSubmission } from "./payload.js";
import { nearOf, preview } from "./places.js";
import { askForRoom } from "./register.js";
import { describe } from "./schema.js";
import { readSetting, saveReport, saveSetting } from "./store.js";
import { askForSync, sendNow } from "./triggers.js";

/** @param {App} app */
export async function draw(app) {
  const draft = /** @type {DeviceReport} */ (app.draft);
  const form = /** @type {Form} */ (app.form(draft.couche));
  const facts = h("div", {}, definitions(rowsOf(form, draft)));
  const said = h("div", {}, ...refusals(draft.error?.errors ?? {}));
  const { extra } = questionsFor(form, draft);
  const isNew = draft.operation === "create";
  show(app.root, {
    title: gettext("Vérifiez, puis envoyez"),
    step: 5,
    body: [
      said,
      h("h2", {}, gettext("Ce qui sera public si la mairie accepte")),
      facts,
      h("p", { class: "boutons" },
        isNew ? button(gettext("Changer le lieu"), () => app.go("ou"), "bouton--lien") : null,
        questionsFor(form, draft).asked.length ? button(gettext("Changer les réponses"), () => app.go("precisez"), "bouton--lien") : null,
        button(gettext("Changer le jour"), () => app.go("quand"), "bouton--lien"),
        extra.length ? button(interpolate(ngettext("Ajouter une précision", "Ajouter des précisions (%(count)s questions)", extra.length), { count: extra.length }), () => app.go(`precisez-${extra[0].name}`), "bouton--lien") : null),
      h("p", { class: "discret" }, gettext("Jamais public : qui vous êtes, votre adresse électronique, l'heure de l'envoi.")),
      draft.photos.length ? h("p", { class: "discret" }, interpolate(ngettext("Une photo partira avec, pour la mairie seulement.", "%(count)s photos partiront avec, pour la mairie seulement.", draft.photos.length), { count: draft.photos.length })) : null,
    ],
    bar: [
      button(gettext("Retour"), () => history.back()),
      button(draft.kind === "correction" ? gettext("Envoyer la correction") : gettext("Envoyer à la mairie"), () => send(app, form, said), ""),
    ],
  });
  await refine(app, facts, said);
}

/**
 * What the phone alone can say of what will be public; the server's own words replace it when they come.
 * @param {Form} form
 * @param {DeviceReport} draft
 */
function rowsOf(form, draft) {
  const { place, commune } = draft;
  const near = place && place.accuracy !== null ? interpolate(gettext(" (à %(distance)s près)"), { distance: sayDistance(place.accuracy) }) : "";
  return [
    { label: gettext("Sujet"), value: draft.feature_title ? interpolate(gettext("%(head)s : %(said)s"), { head: form.title, said: draft.feature_title }) : form.title },
    { label: gettext("Commune"), value: commune?.nom ?? gettext("trouvée à l'envoi") },
    ...(place ? [{ label: gettext("Lieu"), value: `${sayPlace(place)}${near}` }] : []),
    ...describe(form, draft.attributes),
    { label: gettext("Constaté"), value: sayMoment(draft.observed.at, false) },
  ];
}

/**
 * @param {App} app
 * @param {HTMLElement} facts
 * @param {HTMLElement} said
 */
async function refine(app, facts, said) {
  const draft = /** @type {DeviceReport} */ (app.draft);
  const seen = await preview({ ...toSubmission(draft), email: null });
  if (!seen || app.draft?.id !== draft.id || !facts.isConnected) return;
  if (seen.public?.length) facts.replaceChildren(definitions(seen.public));
  const { id: _id, secret: _secret, ...errors } = seen.errors ?? {};
  said.replaceChildren(...refusals(errors),
    ...(seen.pause && !draft.desk ? [notice("attente", seen.pause.detail)] : []),
    ...(seen.near_border ? [notice("attente", gettext("Tout près d'une autre commune : vérifiez le lieu. La mairie confirmera."))] : []),
    ...(draft.operation === "create" && seen.duplicates?.length ? [known(app, draft, seen)] : []),
    ...(seen.pending ? [notice("", interpolate(ngettext("%(count)s signalement proche attend déjà la réponse de la mairie. Le vôtre compte aussi.", "%(count)s signalements proches attendent déjà la réponse de la mairie. Le vôtre compte aussi.", seen.pending), { count: seen.pending }))] : []));
}

/**
 * The server's word came after « Où ? » was left: what is on the map already is still worth a look.
 * @param {App} app
 * @param {DeviceReport} draft
 * @param {any} seen
 */
function known(app, draft, seen) {
  const look = () => {
    app.near = { place: draft.place ?? { lon: 0, lat: 0 }, features: seen.duplicates.map(nearOf), pending: seen.pending };
    return app.go("deja");
  };
  return notice("attente", h("p", {}, gettext("C'est peut-être déjà sur la carte")), button(gettext("Voir ce qui est connu tout près"), look));
}

/** @param {Record<string, string[]>} errors */
function refusals(errors) {
  const texts = Object.entries(errors).flatMap(([path, list]) => list.map((text) => h("li", {}, linkTo(path, text))));
  return texts.length ? [notice("erreur", h("p", {}, h("strong", {}, gettext("Rien n'est perdu, mais il reste à corriger :"))), h("ul", {}, texts))] : [];
}

/**
 * A refusal leads to the screen where it is mended.
 * @param {string} path
 * @param {string} text
 */
function linkTo(path, text) {
  const [root, name] = path.split(".");
  const screen = root === "attributes" && name ? `precisez-${name}` : root === "geometry" ? "ou" : root === "observed_at" ? "quand" : root === "email" ? "photo" : "";
  return screen ? h("a", { href: `#${screen}` }, text) : text;
}

/**
 * On the device first, whatever the network: then it is sent.
 * @param {App} app
 * @param {Form} form
 * @param {HTMLElement} said
 */
async function send(app, form, said) {
  const report = ready(/** @type {DeviceReport} */ (app.draft), { now: new Date(), online: navigator.onLine });
  try {
    await saveReport(report);
  } catch (error) {
    said.replaceChildren(notice("erreur", noRoom(error)));
    return;
  }
  await remember(form, report);
  app.kept = keptPlace(report);
  app.draft = null;
  app.receipt = report.id;
  await saveSetting("current", null);
  await app.go("recu", { replace: true });
  // In this order: what follows may take the network's time.
  await askForSync();
  askForRoom();
  await sendNow();
}

/** @param {unknown} error */
function noRoom(error) {
  if (error instanceof DOMException && error.name === "QuotaExceededError") {
    return gettext("Ce téléphone n'a plus de place. Retirez la photo, ou libérez de la place, puis envoyez de nouveau : rien n'est perdu sur cette page.");
  }
  return gettext("Ce téléphone n'a pas pu garder le signalement. Gardez cette page ouverte et réessayez.");
}

/**
 * What spares taps next time: the operator, and one's own address unless it was somebody else's.
 * @param {Form} form
 * @param {DeviceReport} report
 */
async function remember(form, report) {
  const known = (await readSetting("remembered")) ?? {};
  await saveSetting("remembered", { ...known, ...keysToRemember(report.attributes, form.schema.properties) });
  await saveSetting("others", report.other);
  if (ownsAddress(report)) await saveSetting("email", report.email);
}

/** @param {DeviceReport} report */
function keptPlace({ other, desk }) {
  return { other, desk };
}
