/** Quoi ? One card per couche, and what this device already holds. */

import { gettext, interpolate, ngettext } from "../texts.js";
import { button, h, notice, sayMoment, show } from "./dom.js";
import { newVersion, onNews } from "./register.js";
import { allReports, onQueueChange, removeReport } from "./store.js";

/**
 * @param {App} app
 * @param {string} _argument
 * @param {boolean} first
 */
export async function draw(app, _argument, first) {
  const device = h("div", { class: "appareil" });
  const cards = app.forms.map((form) =>
    h("li", {}, h("article", { class: "fiche" },
      h("h2", {}, h("a", { class: "fiche__lien", href: `?couche=${form.slug}`, onclick: (/** @type {Event} */ event) => begin(event, app, form) }, form.title)),
      h("p", {}, form.description))));
  show(app.root, {
    title: gettext("Que voulez-vous signaler ?"),
    step: 1,
    quiet: first,
    body: [
      h("p", { class: "chapeau" }, gettext("Sans compte, en moins d'une minute, même sans réseau. La mairie décide ; rien n'est public avant sa réponse.")),
      device,
      h("ul", { class: "fiches portail" }, cards),
      h("p", { class: "boutons" },
        h("a", { class: "bouton bouton--lien", href: "#preparer" }, gettext("Préparer mon téléphone")),
        h("a", { class: "bouton bouton--lien", href: "#envois" }, gettext("Mes envois"))),
    ],
  });
  const refresh = () => drawDevice(app, device);
  const stops = [onQueueChange(refresh), onNews(refresh)];
  app.leave = () => stops.forEach((stop) => stop());
  await refresh();
}

/**
 * @param {Event} event
 * @param {App} app
 * @param {Form} form
 */
async function begin(event, app, form) {
  event.preventDefault();
  await app.begin(form);
  await app.go("ou");
}

/**
 * What is unfinished or waits, and the new version: nothing when there is nothing.
 * @param {App} app
 * @param {HTMLElement} box
 */
async function drawDevice(app, box) {
  const reports = await allReports();
  const waiting = reports.filter(({ state }) => state === "waiting" || state === "refused").length;
  const drafts = reports.filter(({ state }) => state === "draft");
  const update = drafts.length ? null : newVersion();
  box.replaceChildren(
    ...(waiting ? [notice("attente", h("a", { href: "#envois" }, interpolate(ngettext("%(count)s signalement attend sur ce téléphone", "%(count)s signalements attendent sur ce téléphone", waiting), { count: waiting })))] : []),
    ...drafts.map((draft) => draftCard(app, box, draft)),
    ...(update ? [notice("", h("p", {}, gettext("Une nouvelle version de cette page est prête.")), button(gettext("Mettre à jour"), update))] : []),
  );
}

/**
 * @param {App} app
 * @param {HTMLElement} box
 * @param {DeviceReport} draft
 */
function draftCard(app, box, draft) {
  const when = interpolate(gettext("%(couche)s, commencé %(moment)s"), { couche: draft.couche_title, moment: sayMoment(draft.created_at) });
  return notice("", h("p", {}, h("strong", {}, gettext("Un signalement commencé")), h("br"), when),
    h("div", { class: "boutons" },
      button(gettext("Reprendre"), () => resume(app, draft), ""),
      button(gettext("Supprimer"), async () => {
        await removeReport(draft.id);
        if (app.draft?.id === draft.id) app.draft = null;
        await drawDevice(app, box);
      }, "bouton--lien")));
}

/**
 * Go on with a draft where it stopped.
 * @param {App} app
 * @param {DeviceReport} draft
 */
export async function resume(app, draft) {
  app.draft = draft;
  await app.go(draft.place ? "precisez" : "ou");
}
