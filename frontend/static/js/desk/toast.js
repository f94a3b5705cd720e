/** What was just decided, with the way to take it back; and what the network does to decisions. */

import { gettext, interpolate, ngettext } from "../texts.js";
import { h } from "../signaler/dom.js";

const SECONDS = 30;

/** @type {ReturnType<typeof setInterval> | undefined} */
let clock;

/** @returns {HTMLElement} where all is said, read out politely */
function place() {
  const found = document.getElementById("annonces");
  if (found) return found;
  const made = h("div", { id: "annonces", class: "annonces" });
  document.getElementById("contenu")?.append(made);
  return made;
}

/**
 * Say what was decided; « Annuler » counts half a minute.
 * @param {string} said
 * @param {(() => void) | null} undo
 */
export function sayDone(said, undo) {
  clearInterval(clock);
  document.querySelector("[data-annuler]")?.remove();
  const countdown = h("span", { class: "annonces__compte", "aria-hidden": "true" }, String(SECONDS));
  const button = undo && h("button", { type: "button", class: "bouton bouton--second", "data-annuler-geste": true, onclick: undo }, gettext("Annuler"), " ", countdown);
  replace("fait", h("p", { role: "status" }, said), button);
  if (!undo) return;
  let left = SECONDS;
  clock = setInterval(() => {
    countdown.textContent = String(--left);
    if (left <= 0) {
      clearInterval(clock);
      button?.remove();
    }
  }, 1000);
}

/** Take back by key what the button takes back. */
export function undoByKey() {
  /** @type {HTMLButtonElement | null} */ (document.querySelector("[data-annuler-geste], [data-annuler] button"))?.click();
}

/**
 * Say how the decisions kept on this device are doing.
 * @param {"later" | "signin" | "reload" | ""} kind "" when nothing waits
 * @param {number} count
 */
export function sayWaiting(kind, count) {
  if (!kind || !count) return replace("attente");
  const kept = interpolate(
    ngettext("%(n)s décision est gardée sur cet appareil.", "%(n)s décisions sont gardées sur cet appareil.", count),
    { n: count },
  );
  const next = {
    later: [gettext("Pas de réseau : elle partira dès qu'il revient.")],
    signin: [h("a", { href: `/compte/connexion/?next=${encodeURIComponent(location.pathname)}` }, gettext("Reconnectez-vous pour l'envoyer."))],
    reload: [h("a", { href: location.href }, gettext("Rechargez la page pour l'envoyer."))],
  }[kind];
  return replace("attente", h("p", { role: "status" }, kept, " ", ...next));
}

/**
 * Say that a decision was not taken, and why: until it was read.
 * @param {import("./clicks.js").Click} click
 * @param {string} why
 * @param {() => void} read
 */
export function sayRefused(click, why, read) {
  const words = new URLSearchParams(click.body).get("public_reason");
  place().append(
    h(
      "div",
      { class: "avis avis--erreur annonces__refus", role: "alert" },
      h("p", {}, h("strong", {}, click.title), " ", why),
      words ? h("p", {}, gettext("Ce que vous aviez écrit :"), " ", h("q", {}, words)) : null,
      h(
        "p",
        { class: "boutons" },
        h("a", { class: "bouton bouton--second", href: click.link, onclick: read }, gettext("Relire ce signalement")),
        h(
          "button",
          {
            type: "button",
            class: "bouton bouton--second",
            onclick: (/** @type {Event} */ event) => {
              read();
              /** @type {Element} */ (event.target).closest(".annonces__refus")?.remove();
            },
          },
          gettext("J'ai lu"),
        ),
      ),
    ),
  );
}

/**
 * @param {string} name
 * @param {...(import("../signaler/dom.js").Child)} children
 */
function replace(name, ...children) {
  document.querySelector(`[data-annonce="${name}"]`)?.remove();
  if (children.length) {
    const look = name === "fait" ? "avis avis--succes annonces__fait" : "avis avis--attente";
    place().append(h("div", { class: look, "data-annonce": name }, ...children));
  }
}
