/** Le reçu : kept here, then gone, with the commune, the link, and what can still be done. */

import { gettext, interpolate, ngettext } from "../texts.js";
import { button, h, notice, sayTime, show } from "./dom.js";
import { followUp, isCorrectable, isEditable, keptForNext } from "./draft.js";
import { installer, needsHomeScreen } from "./register.js";
import { sayHeld } from "./held.js";
import { changeReport, onQueueChange, readReport, removeReport } from "./store.js";
import { sendNow } from "./triggers.js";

/** @param {App} app */
export async function draw(app) {
  const report = app.receipt ? await readReport(app.receipt) : undefined;
  if (!report) return app.go("envois", { replace: true });
  const body = h("div", {});
  show(app.root, {
    title: gettext("Votre signalement"),
    body: [body],
    bar: [
      button(gettext("Terminé"), () => app.go("quoi")),
      button(gettext("Signaler un autre endroit"), () => another(app, report), ""),
    ],
  });
  let wasSent = false;
  const refresh = async () => {
    const now = await readReport(report.id);
    if (!now || !body.isConnected) return;
    body.replaceChildren(...tell(app, now));
    if (now.state === "sent" && !wasSent) app.say(gettext("C'est envoyé."));
    wasSent = now.state === "sent";
  };
  app.leave = onQueueChange(refresh);
  await refresh();
}

/**
 * @param {App} app
 * @param {DeviceReport} report
 */
function tell(app, report) {
  // A correction that waits has the receipt of what it corrects: it is not sent for all that.
  const isGone = report.receipt && !(report.kind === "correction" && report.state === "waiting");
  /** @type {(Node | null)[]} */
  const parts = report.state === "refused" ? refused(app, report) : isGone ? sent(app, report) : kept(report);
  return parts.filter(isThere);
}

/**
 * @param {App} app
 * @param {DeviceReport} report
 */
function sent(app, report) {
  const commune = report.commune?.nom ?? "";
  const waiting = report.photos.filter(({ state }) => state === "waiting").length;
  return [
    notice("succes", h("p", {}, h("strong", {}, gettext("C'est envoyé.")), " ", interpolate(gettext("La mairie (%(commune)s) examinera votre signalement. Gardez ce lien pour suivre la réponse."), { commune }))),
    report.secret ? h("p", { class: "adresse" }, h("a", { href: followUp(report) }, h("code", {}, shown(report)))) : null,
    h("p", { class: "discret" }, gettext("Ce lien ouvre votre signalement : ne le donnez à personne. Il reste aussi dans « Mes envois », sur ce téléphone.")),
    ...photosSaid(report, waiting),
    h("div", { class: "boutons" },
      report.secret ? h("a", { class: "bouton bouton--second", href: followUp(report) }, gettext("Suivre la réponse")) : null,
      isCorrectable(report, Date.now()) ? button(interpolate(gettext("Corriger (possible jusqu'à %(time)s)"), { time: sayTime(report.correct_until ?? "") }), () => correct(app, report)) : null,
      report.other ? button(gettext("Personne suivante : oublier celle-ci"), () => forget(app, report)) : null),
    ...advice(app),
  ];
}

/**
 * @param {Node | null} one
 * @returns {one is Node}
 */
const isThere = (one) => one !== null;

/** @param {DeviceReport} report */
function kept(report) {
  const paused = report.held === "pause";
  const when = paused ? gettext("Il partira tout seul à la fin de la pause.") : gettext("Il partira tout seul dès que le réseau revient.");
  return [
    notice("attente", h("p", {}, h("strong", {}, gettext("Enregistré sur ce téléphone.")), " ", when)),
    h("p", { role: "status" }, sayHeld(report)),
    h("div", { class: "boutons" }, button(gettext("Envoyer maintenant"), () => sendNow({ force: true })), h("a", { class: "bouton bouton--lien", href: "#envois" }, gettext("Mes envois"))),
  ];
}

/**
 * @param {App} app
 * @param {DeviceReport} report
 */
function refused(app, report) {
  return [
    notice("erreur", h("p", {}, h("strong", {}, gettext("La mairie ne l'a pas reçu :")), " ", report.error?.detail ?? ""), h("p", {}, gettext("Rien n'est perdu : corrigez, puis envoyez de nouveau."))),
    h("div", { class: "boutons" }, button(gettext("Corriger"), () => edit(app, report), "")),
  ];
}

/**
 * @param {DeviceReport} report
 * @param {number} waiting
 */
function photosSaid(report, waiting) {
  const lost = report.photos.filter(({ state }) => state === "refused");
  return [
    waiting ? notice("attente", interpolate(ngettext("%(count)s photo partira quand le réseau sera meilleur.", "%(count)s photos partiront quand le réseau sera meilleur.", waiting), { count: waiting })) : null,
    ...lost.map(({ reason }) => notice("attente", interpolate(gettext("Une photo n'a pas été prise : %(reason)s"), { reason: reason ?? "" }))),
  ];
}

/**
 * Said once, when it is worth something: how not to lose what waits.
 * @param {App} app
 */
function advice(app) {
  const install = installer();
  return [
    needsHomeScreen() ? notice("", gettext("Sur iPhone, ajoutez Repères à l'écran d'accueil (bouton Partager) : sinon Safari efface ce qui attend au bout de sept jours sans visite.")) : null,
    install ? h("p", { class: "boutons" }, button(gettext("Installer Repères sur ce téléphone"), () => {
      install();
      app.go("quoi");
    }, "bouton--lien")) : null,
  ];
}

/** @param {DeviceReport} report */
function shown(report) {
  return report.receipt?.suivi ?? `${location.origin}${followUp(report)}`;
}

/**
 * The same again elsewhere: couche, and what the device remembers; the place is asked anew.
 * @param {App} app
 * @param {DeviceReport} report
 */
async function another(app, report) {
  const form = app.form(report.couche);
  if (!form) return app.go("quoi");
  const { place: _place, commune: _commune, ...kept } = keptForNext(report);
  await app.begin(form, kept);
  await app.go("ou");
}

/**
 * Change what was sent, within the hour.
 * @param {App} app
 * @param {DeviceReport} report
 */
export async function correct(app, report) {
  app.draft = { ...report, kind: "correction", state: "draft" };
  await app.go("verifier");
}

/**
 * Change what the server refused, or what never left.
 * @param {App} app
 * @param {DeviceReport} report
 */
export async function edit(app, { id }) {
  // Taken back from the queue in one step: what is on its way is no longer ours to change.
  const report = await changeReport(id, (row) => {
    if (isEditable(row) && row.kind === "report") row.state = "draft";
  });
  if (!report || !(report.state === "draft" || isEditable(report))) return app.go("envois");
  app.draft = report;
  await app.go("verifier");
}

/**
 * @param {App} app
 * @param {DeviceReport} report
 */
async function forget(app, report) {
  await removeReport(report.id);
  app.receipt = null;
  const form = app.form(report.couche);
  if (!form) return app.go("quoi");
  // The next person stands in the same place: it is kept, to be confirmed or changed.
  await app.begin(form, keptForNext(report));
  await app.go("ou");
}
