/** Mes envois : what waits, what was sent, and the device itself. */

import { gettext, interpolate, ngettext } from "../texts.js";
import { readBackup, writeBackup } from "./backup.js";
import { button, field, h, notice, sayMoment, show } from "./dom.js";
import { followUp, isCorrectable, isEditable } from "./draft.js";
import { checkAnswers } from "./followed.js";
import { sayHeld } from "./held.js";
import { correct, edit } from "./receipt.js";
import { allReports, changeReport, eraseAll, onQueueChange, photosOf, readSetting, removeReport, saveReport, saveSetting } from "./store.js";
import { sendNow } from "./triggers.js";
import { resume } from "./what.js";

/** A code works for a class or a session at the town hall: the server says when it is over. */
const WORKSHOP_MS = 12 * 3600 * 1000;

/** @param {App} app */
export async function draw(app) {
  const lists = h("div", {});
  show(app.root, {
    title: gettext("Mes envois"),
    body: [lists, await deviceTools(app)],
    bar: [button(gettext("Signaler un lieu"), () => app.go("quoi"), "")],
  });
  const refresh = async () => {
    const reports = await allReports();
    if (lists.isConnected) lists.replaceChildren(...drawLists(app, reports, refresh));
  };
  app.leave = onQueueChange(refresh);
  await refresh();
  if (await checkAnswers()) await refresh();
}

/**
 * @param {App} app
 * @param {DeviceReport[]} reports
 * @param {() => Promise<void>} refresh
 */
function drawLists(app, reports, refresh) {
  const waiting = reports.filter(({ state }) => state === "waiting" || state === "refused");
  const drafts = reports.filter(({ state }) => state === "draft");
  const sent = reports.filter(({ state }) => state === "sent").reverse();
  const title = waiting.length
    ? interpolate(ngettext("%(count)s signalement attend sur ce téléphone", "%(count)s signalements attendent sur ce téléphone", waiting.length), { count: waiting.length })
    : gettext("Rien n'attend sur ce téléphone.");
  return [
    h("p", { role: "status", class: "chapeau" }, title),
    ...(waiting.length ? [h("p", { class: "boutons" }, button(gettext("Envoyer maintenant"), async () => {
      app.say(gettext("Envoi en cours…"));
      const { left } = await sendNow({ force: true });
      app.say(left ? gettext("Tout n'a pas pu partir. Rien n'est perdu.") : gettext("C'est envoyé."));
    }, ""))] : []),
    ...(waiting.length + drafts.length ? [h("h2", { class: "visuellement-cache" }, gettext("Sur ce téléphone"))] : []),
    h("ul", { class: "fiches" }, [...waiting, ...drafts].map((report) => h("li", {}, waitingCard(app, report, refresh)))),
    ...(sent.length ? [h("h2", {}, gettext("Déjà envoyés")), h("ul", { class: "fiches" }, sent.map((report) => h("li", {}, sentCard(app, report, refresh))))] : []),
  ];
}

/**
 * @param {App} app
 * @param {DeviceReport} report
 * @param {() => Promise<void>} refresh
 */
function waitingCard(app, report, refresh) {
  const state = report.state === "draft" ? gettext("Brouillon") : report.state === "refused" ? gettext("À corriger") : gettext("Sur ce téléphone");
  const why = report.state === "refused" ? report.error?.detail : report.state === "waiting" ? sayHeld(report) : "";
  const drop = async () => {
    await removeReport(report.id);
    await refresh();
  };
  return h("article", { class: "fiche" },
    h("p", { class: "fiche__sur" }, h("span", { class: `etat etat--${report.state === "refused" ? "rejected" : "local"}` }, mark(report.state), h("span", {}, state))),
    h("h3", {}, report.feature_title || report.couche_title),
    h("p", {}, [report.commune?.nom, sayMoment(report.saved_at ?? report.created_at)].filter(Boolean).join(", ")),
    why ? h("p", { class: report.state === "refused" ? "erreur" : "discret" }, why) : null,
    h("div", { class: "boutons" },
      report.state === "draft" ? button(gettext("Reprendre"), () => resume(app, report)) : null,
      report.state !== "draft" && isEditable(report) ? button(gettext("Corriger"), () => edit(app, report)) : null,
      report.kind === "correction" ? button(gettext("Abandonner la correction"), async () => {
        await changeReport(report.id, (row) => Object.assign(row, { kind: "report", state: "sent", error: null }));
        await refresh();
      }, "bouton--lien") : confirmed(gettext("Supprimer"), gettext("Oui, le supprimer de ce téléphone"), drop)));
}

/**
 * The device's own shape: a dotted square, or the cross of a refusal.
 * @param {string} state
 */
function mark(state) {
  return h("span", { class: `marque-locale${state === "refused" ? " marque-locale--refus" : ""}`, "aria-hidden": "true" });
}

/**
 * @param {App} app
 * @param {DeviceReport} report
 * @param {() => Promise<void>} refresh
 */
function sentCard(app, report, refresh) {
  return h("article", { class: "fiche" },
    h("p", { class: "fiche__sur" }, interpolate(gettext("Envoyé %(moment)s"), { moment: sayMoment(report.sent_at ?? report.created_at) })),
    h("h3", {}, [report.feature_title || report.couche_title, report.commune?.nom].filter(Boolean).join(", ")),
    h("p", {}, h("strong", {}, report.status_label || gettext("En attente"))),
    report.reason ? h("blockquote", { class: "citation" }, h("p", {}, report.reason)) : null,
    h("div", { class: "boutons" },
      report.secret ? h("a", { class: "bouton bouton--second", href: followUp(report) }, gettext("Suivre la réponse")) : null,
      isCorrectable(report, Date.now()) ? button(gettext("Corriger"), () => correct(app, report)) : null,
      confirmed(gettext("Oublier"), gettext("Oui, l'oublier : sans son lien, il ne pourra plus être suivi d'ici"), async () => {
        await removeReport(report.id);
        await refresh();
      })));
}

/**
 * A gesture that cannot be undone asks once more, in the same place.
 * @param {string} text
 * @param {string} sure
 * @param {() => void} act
 */
function confirmed(text, sure, act) {
  const first = button(text, () => {
    const second = button(sure, act, "bouton--danger");
    first.replaceWith(second);
    second.focus();
  }, "bouton--lien");
  return first;
}

/** @param {App} app */
async function deviceTools(app) {
  const said = h("div", { role: "status" });
  const pick = h("input", { type: "file", accept: "application/json,.json" });
  pick.onchange = async () => {
    const file = pick.files?.[0];
    if (!file) return;
    try {
      const count = await restore(await file.text());
      said.replaceChildren(notice("succes", interpolate(ngettext("%(count)s signalement repris du fichier.", "%(count)s signalements repris du fichier.", count), { count })));
      await sendNow();
    } catch (error) {
      said.replaceChildren(notice("erreur", error instanceof SyntaxError || error instanceof TypeError ? gettext("Ce fichier n'est pas une sauvegarde de Repères : choisissez celui que vous aviez enregistré.") : gettext("Ce téléphone n'a pas pu garder ce que contient le fichier : libérez de la place.")));
    }
    pick.value = "";
  };
  const code = h("input", { type: "text", autocomplete: "off", autocapitalize: "characters", maxlength: "40", value: (await readSetting("workshop"))?.code ?? "" });
  const keepCode = async () => {
    const text = code.value.trim();
    await saveSetting("workshop", text ? { code: text, until: Date.now() + WORKSHOP_MS } : null);
    said.replaceChildren(notice("succes", text ? gettext("Code gardé pour douze heures.") : gettext("Code oublié.")));
    await sendNow({ force: true });
  };
  return h("details", { class: "replie" }, h("summary", {}, gettext("Cet appareil")),
    said,
    h("h3", {}, gettext("Sauvegarder ce qui attend")),
    h("p", {}, gettext("Un fichier, avec les photos, à garder ou à reprendre sur un autre appareil. Il contient vos liens de suivi : ne le donnez à personne.")),
    h("p", { class: "boutons" }, button(gettext("Enregistrer un fichier"), download)),
    field(gettext("Reprendre un fichier"), pick),
    h("h3", {}, gettext("Atelier ou mairie")),
    field(gettext("Code d'atelier"), code, gettext("Donné par la mairie : plusieurs personnes peuvent alors envoyer à la suite depuis le même endroit.")),
    h("p", { class: "boutons" }, button(gettext("Garder ce code"), keepCode)),
    h("h3", {}, gettext("Effacer cet appareil")),
    h("p", {}, gettext("Tout ce que Repères garde ici disparaît : brouillons, envois en attente, liens de suivi, communes préparées.")),
    h("p", { class: "boutons" }, confirmed(gettext("Effacer cet appareil"), gettext("Oui, tout effacer, même ce qui attend"), async () => {
      await eraseAll();
      app.draft = app.receipt = null;
      app.kept = {};
      await app.go("quoi");
      app.say(gettext("Cet appareil ne garde plus rien."));
    })));
}

async function download() {
  const reports = (await allReports()).filter(({ desk }) => !desk);
  const photos = (await Promise.all(reports.map(({ id }) => photosOf(id)))).flat();
  const url = URL.createObjectURL(new Blob([writeBackup(reports, photos, new Date())], { type: "application/json" }));
  h("a", { href: url, download: `reperes-${new Date().toISOString().slice(0, 10)}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

/**
 * Take back what a file holds and this device does not; what is here is never overwritten.
 * @param {string} text
 * @returns {Promise<number>}
 */
async function restore(text) {
  const { reports, photos } = readBackup(text);
  const known = new Set((await allReports()).map(({ id }) => id));
  const missing = reports.filter(({ id }) => !known.has(id));
  for (const report of missing) await saveReport(report, photos.filter(({ id }) => id === report.id));
  return missing.length;
}
