/**
 * Le guichet : a clerk types one report after the other for people who came, or from paper forms.
 *
 * One page; place, couche and operator stay from one to the next, the person's own words never do.
 */

import { gettext, interpolate, ngettext } from "../texts.js";
import { button, field, h, notice, show } from "./dom.js";
import { keysToRemember, localDay, momentOfDay, newDraft, ready } from "./draft.js";
import { drawAll } from "./form.js";
import { getJson } from "./places.js";
import { check, questionsOf } from "./schema.js";
import { allReports, onQueueChange, readSetting, removeReport, saveReport, saveSetting } from "./store.js";
import { askForSync, sendNow } from "./triggers.js";
import { placeBlock } from "./where.js";

/** @param {App} app */
export async function draw(app) {
  const slug = app.draft?.desk ? app.draft.couche : (app.query.get("couche") ?? (await readSetting("desk-couche")) ?? app.forms[0]?.slug);
  const form = app.form(slug) ?? app.forms[0];
  if (!app.draft?.desk || app.draft.couche !== form.slug) app.draft = newDraft(form, { ...app.kept, desk: true, other: true });
  const said = h("div", { role: "status" });
  const who = h("div", {});
  const place = placeBlock(app, () => {});
  const questions = await deskQuestions(app, form);
  const day = h("input", { type: "date", max: localDay(new Date()), value: localDay(new Date(app.draft.observed.at)) });
  const email = h("input", { type: "email", autocomplete: "off", maxlength: "254" });
  const save = () => keep(app, form, { questions, day, email, said });
  const choice = h("select", {}, app.forms.map((one) => h("option", { value: one.slug, selected: one.slug === form.slug }, one.title)));
  choice.onchange = async () => {
    await saveSetting("desk-couche", choice.value);
    app.kept = keptOf(app.draft);
    app.draft = null;
    app.query.delete("couche");
    await draw(app);
  };
  const page = h("form", { class: "guichet", novalidate: true, onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    // The ways to give a place are forms of their own inside this one: theirs is not a report to keep.
    if (event.target === event.currentTarget) save();
  }, onkeydown: (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
  } },
    field(gettext("Sujet"), choice),
    h("fieldset", { class: "groupe" }, h("legend", {}, gettext("Où ?")), place.parts),
    questions.element,
    h("fieldset", { class: "groupe" }, h("legend", {}, gettext("Quand, et pour qui ?")),
      field(gettext("Constaté le"), day),
      field(gettext("Adresse électronique de la personne (facultatif)"), email, gettext("La personne recevra le lien de suivi et la réponse. L'adresse est effacée d'ici dès l'envoi."))),
    h("p", { class: "discret" }, gettext("Ctrl + Entrée enregistre et passe au suivant.")));
  show(app.root, {
    title: gettext("Saisir pour quelqu'un"),
    body: [who, said, page],
    bar: [button(gettext("Mes envois"), () => app.go("envois")), button(gettext("Enregistrer, au suivant"), save, "")],
  });
  app.leave = () => place.stop();
  if (app.draft.place) await place.describe();
  await sayWho(who);
}

/**
 * @param {App} app
 * @param {Form} form
 */
async function deskQuestions(app, form) {
  const known = (await readSetting("remembered")) ?? {};
  return drawAll(questionsOf(form), app.draft?.attributes ?? {}, { remembered: Object.values(known).flat() });
}

/**
 * Who is signed in: the page itself knows nobody, it is the same for everyone.
 * @param {HTMLElement} box
 */
async function sayWho(box) {
  const answer = await getJson("/api/v1/guichet/", { credentials: "same-origin", cache: "no-store" });
  if (answer?.status === 200) {
    const communes = answer.json.everywhere ? gettext("toutes les communes") : answer.json.communes.map((/** @type {any} */ one) => one.nom).join(", ");
    box.replaceChildren(h("p", { class: "discret" }, interpolate(gettext("%(person)s, pour %(communes)s."), { person: answer.json.person, communes })));
  } else if (answer) {
    box.replaceChildren(notice("attente", gettext("Vous n'êtes pas connecté : ce que vous saisissez attend ici."), " ", h("a", { href: "/compte/connexion/?next=/signaler/%3Fguichet=1" }, gettext("Se connecter"))));
  } else {
    box.replaceChildren(notice("attente", gettext("Pas de réseau : ce que vous saisissez attend ici et partira ensuite.")));
  }
}

/** @param {DeviceReport | null} draft */
function keptOf(draft) {
  return draft ? { place: draft.place, commune: draft.commune } : {};
}

/**
 * @param {App} app
 * @param {Form} form
 * @param {{questions: any, day: HTMLInputElement, email: HTMLInputElement, said: HTMLElement}} fields
 */
async function keep(app, form, { questions, day, email, said }) {
  const attributes = questions.read();
  const errors = check(form, attributes);
  questions.showErrors(errors);
  const now = new Date();
  const at = momentOfDay(day.value, now);
  const wrong = [
    ...Object.values(errors),
    ...(app.draft?.place ? [] : [gettext("Il manque le lieu.")]),
    ...(at ? [] : [gettext("Ce jour n'est pas encore venu, ou n'existe pas : donnez celui du constat.")]),
    ...(email.checkValidity() ? [] : [gettext("Cette adresse électronique n'est pas complète : corrigez-la, ou laissez le champ vide.")]),
  ];
  if (wrong.length || !at || !app.draft) {
    said.replaceChildren(notice("erreur", h("p", {}, h("strong", {}, gettext("Rien n'est perdu, mais il reste à corriger :"))), h("ul", {}, wrong.map((text) => h("li", {}, text)))));
    said.scrollIntoView({ block: "nearest" });
    return;
  }
  const isToday = day.value === localDay(now);
  const draft = { ...app.draft, attributes, email: email.value.trim(), observed: { at: isToday ? now.toISOString() : at, chosen: !isToday } };
  await forgetPeople();
  await saveReport(ready(draft, { now, online: navigator.onLine }));
  await saveSetting("remembered", { ...(await readSetting("remembered")), ...keysToRemember(attributes, form.schema.properties) });
  app.kept = keptOf(draft);
  app.draft = newDraft(form, { ...app.kept, desk: true, other: true, observed: draft.observed });
  await draw(app);
  await tellAfter(app, draft.id);
}

/** Those served before are the server's: nothing of them stays on this computer. */
async function forgetPeople() {
  for (const { id, desk, state } of await allReports()) if (desk && state === "sent") await removeReport(id);
}

/**
 * Say what became of the one just typed: the link is for the person who stands there.
 * @param {App} app
 * @param {string} id
 */
async function tellAfter(app, id) {
  const said = app.root.querySelector('[role="status"]');
  const tell = async () => {
    const reports = await allReports();
    const mine = reports.find((one) => one.id === id);
    const waiting = reports.filter(({ desk, state }) => desk && state !== "sent" && state !== "draft").length;
    const link = mine?.receipt?.suivi;
    said?.replaceChildren(notice(link ? "succes" : "attente",
      h("p", {}, h("strong", {}, link ? gettext("C'est envoyé.") : gettext("Enregistré sur cet appareil.")), waiting ? ` ${interpolate(ngettext("%(count)s saisie attend.", "%(count)s saisies attendent.", waiting), { count: waiting })}` : ""),
      link ? h("p", { class: "adresse" }, gettext("Lien de suivi à donner à la personne : "), h("code", {}, link)) : null,
      mine?.state === "refused" ? h("p", { class: "erreur" }, mine.error?.detail ?? "", " ", h("a", { href: "#envois" }, gettext("Corriger"))) : null));
  };
  const stop = onQueueChange(tell);
  const former = app.leave;
  app.leave = () => {
    stop();
    former?.();
  };
  await tell();
  await askForSync();
  await sendNow();
}
