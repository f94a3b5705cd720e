/** Elements and screens, by hand: text goes in as text, always. */

import { gettext, interpolate } from "../texts.js";

/** @typedef {Node | string | null | undefined | false} Child */

/**
 * Make an element. `on…` props are listeners, `true` an empty attribute, null and false none.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any> | null} [props]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  for (const child of children.flat()) if (child || child === "") element.append(/** @type {Node | string} */ (child));
  return element;
}

/**
 * @param {string} text
 * @param {() => void} onclick
 * @param {string} [look] classes beside "bouton"
 * @returns {HTMLButtonElement}
 */
export function button(text, onclick, look = "bouton--second") {
  return h("button", { type: "button", class: `bouton ${look}`, onclick }, text);
}

/** The five steps of a report; the current one is numbered from 1. */
function steps() {
  return [gettext("Quoi"), gettext("Où"), gettext("Précisez"), gettext("Photo"), gettext("Vérifier")];
}

/** @param {number} current */
function progress(current) {
  const items = steps().map((label, rank) =>
    h("li", rank + 1 === current ? { "aria-current": "step" } : rank + 1 < current ? { class: "etapes__faite" } : {}, h("span", {}, label)),
  );
  return h("ol", { class: "etapes", "aria-label": gettext("Étapes") }, items);
}

/**
 * Show a screen: progress, title, body, and the bar with the one next step.
 * @param {HTMLElement} root
 * @param {{title: string, step?: number, body: (Child | Child[])[], bar?: Child[], quiet?: boolean, discreet?: boolean}} screen
 *   discreet: the title only says where one is, the question below is what is read
 */
export function show(root, { title, step, body, bar, quiet = false, discreet = false }) {
  // On a phone the site's menu would take a third of each step.
  document.documentElement.classList.toggle("en-etape", (step ?? 0) > 1);
  const heading = h("h1", { tabindex: "-1" }, title);
  root.replaceChildren(
    ...(step ? [progress(step)] : []),
    h("div", { class: discreet ? "tete tete--discrete" : "tete" }, heading),
    ...body.flat().filter((child) => child || child === "").map((child) => /** @type {Node} */ (child)),
    ...(bar?.length ? [h("div", { class: "barre" }, bar)] : []),
  );
  document.title = interpolate(gettext("%(title)s · Signaler · Repères"), { title });
  if (quiet) return;
  scrollTo(0, 0);
  // Those who listen hear where they are; those who type go on from there.
  heading.focus({ preventScroll: true });
}

/**
 * A notice; `tone` is "succes", "attente", "erreur" or nothing.
 * @param {string} tone
 * @param {...(Child | Child[])} children
 */
export function notice(tone, ...children) {
  const look = tone ? `avis avis--${tone}` : "avis";
  return h("div", { class: look, ...(tone === "erreur" ? { role: "alert" } : {}) }, children.flat());
}

/**
 * Rows of a definition list.
 * @param {{label: string, value: string}[]} rows
 */
export function definitions(rows) {
  return h("dl", { class: "definitions" }, rows.map(({ label, value }) => h("div", {}, h("dt", {}, label), h("dd", {}, value))));
}

/**
 * A labelled field.
 * @param {string} label
 * @param {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} input
 * @param {string} [help]
 */
export function field(label, input, help) {
  input.id ||= `c${Math.random().toString(36).slice(2)}`;
  if (help) input.setAttribute("aria-describedby", `${input.id}-aide`);
  return h("div", { class: "champ" }, h("label", { for: input.id }, label), help && h("p", { class: "aide", id: `${input.id}-aide` }, help), input);
}

/**
 * A moment as people say it: "aujourd'hui à 14 h 02", "le 3 mars 2026".
 * @param {string} iso
 * @param {boolean} [withTime]
 * @returns {string}
 */
export function sayMoment(iso, withTime = true) {
  const moment = new Date(iso);
  // British dates beside British words, on an instance in English.
  const language = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang || "fr";
  const isToday = moment.toDateString() === new Date().toDateString();
  const date = () => new Intl.DateTimeFormat(language, { dateStyle: "long" }).format(moment);
  const day = isToday ? gettext("aujourd'hui") : interpolate(gettext("le %(date)s"), { date: date() });
  if (!withTime) return day;
  return interpolate(gettext("%(day)s à %(time)s"), { day, time: sayTime(iso) });
}

/**
 * "14 h 02".
 * @param {string} iso
 */
export function sayTime(iso) {
  const moment = new Date(iso);
  const values = { hour: moment.getHours(), minute: String(moment.getMinutes()).padStart(2, "0") };
  return unbroken(interpolate(gettext("%(hour)s h %(minute)s"), values));
}

/**
 * A weight: "42 ko", "2,1 Mo".
 * @param {number} bytes
 */
export function sayBytes(bytes) {
  if (bytes < 1000000) return unbroken(interpolate(gettext("%(count)s ko"), { count: Math.max(1, Math.round(bytes / 1000)) }));
  return unbroken(interpolate(gettext("%(count)s Mo"), { count: (bytes / 1000000).toFixed(1).replace(".", gettext(",")) }));
}

/**
 * A number stays with its unit at the end of a line.
 * @param {string} text
 */
const unbroken = (text) => text.replaceAll(" ", "\u00a0");
