/** Entry of the desk: decides by key, by touch or by click, on the queue and on one report's page. */

import { gettext, interpolate } from "../texts.js";
import { h } from "../signaler/dom.js";
import { ask, cards, current, fetchCards, goTo, idOf, isOpen, membersOf, remaining, sayRemaining } from "./cards.js";
import { commandOf, keyHelp } from "./keys.js";
import { dropClick, keepClick, makeSender, readClicks, toSend } from "./clicks.js";
import { sayDone, sayRefused, sayWaiting, undoByKey } from "./toast.js";

/** @typedef {import("./clicks.js").Click} Click */

/** Below this many cards on the screen, more are asked for. */
const FEW = 5;
const NEEDS_REASON = ["reject", "return"];

/** @param {Document} page @param {Storage} storage */
export function start(page, storage) {
  const main = /** @type {HTMLElement | null} */ (page.querySelector("[data-qui]"));
  const who = main?.dataset.qui ?? "";
  if (!who) return;
  // The desk of this page: the real one, or the sandbox mounted beside it.
  const base = main?.dataset.bureau ?? "/moderation/";
  const token = () => /** @type {HTMLInputElement | null} */ (page.querySelector('input[name="csrfmiddlewaretoken"]'))?.value ?? "";
  const send = makeSender({ storage, who, token, told });
  const onQueue = page.querySelector("[data-file]") !== null;
  let more = page.querySelector("nav a[href^='?']") !== null;
  /** @type {Map<string, (verdict: ReturnType<typeof import("./clicks.js").judge>) => void>} who waits for an answer here */
  const waiting = new Map();
  /** @type {Set<string>} what was decided here: a page asked for before must not bring it back */
  const decided = new Set();
  /** @type {Promise<void> | null} the card on its way, that keys wait for */
  let opening = null;

  /** @param {Click} click @param {ReturnType<typeof import("./clicks.js").judge>} verdict */
  function told(click, verdict) {
    const left = toSend(readClicks(storage), who).length;
    const state = verdict.kind === "done" || verdict.kind === "refused" ? "" : verdict.kind;
    sayWaiting(state, left);
    if (verdict.remaining !== undefined && onQueue && !left) sayRemaining(Math.min(verdict.remaining, remaining()));
    // Kept on the device, it is still on its way: whoever waits for its answer goes on waiting.
    if (state) return;
    const here = waiting.get(click.id);
    waiting.delete(click.id);
    if (here) return here(verdict);
    if (verdict.kind === "refused") sayRefused(click, verdict.detail ?? "", () => dropClick(storage, click.id));
    if (!left) void refill();
  }

  /** Ask for more cards when few are left, once all that was decided is known. */
  async function refill() {
    // What is on its way is not decided yet for the server: its page would show it again.
    if (!onQueue || cards().length >= FEW || toSend(readClicks(storage), who).length) return;
    if (more) {
      // The server opens one card of a page: the one that is open here.
      const shown = current();
      const found = await fetchCards(shown ? `ouvrir=${idOf(shown)}` : "");
      more = found.next;
      const here = new Set(cards().map(idOf));
      const list = page.querySelector("[data-file]");
      for (const card of found.cards) {
        if (!here.has(idOf(/** @type {HTMLElement} */ (card))) && !decided.has(card.dataset.id ?? "")) list?.append(page.importNode(card, true));
      }
      if (!current()?.hasAttribute("data-courante")) await show(cards()[0]);
    }
    // Nothing left, here or there: the server's empty page is the reward.
    if (!cards().length) location.assign(location.pathname + location.search);
  }

  /** @param {SubmitEvent} event */
  function onSubmit(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    const card = /** @type {HTMLElement | null} */ (form.closest("[data-carte]"));
    const pressed = /** @type {HTMLButtonElement | null} */ (event.submitter);
    if (!card && !form.matches("form[data-geste]")) return;
    const data = new FormData(form);
    if (pressed?.name) data.set(pressed.name, pressed.value);
    data.delete("csrfmiddlewaretoken");
    const action = String(data.get("action"));
    if (card && NEEDS_REASON.includes(action) && !data.get("reason_code")) {
      event.preventDefault();
      const radio = /** @type {HTMLInputElement | null} */ (form.querySelector(`[data-action="${action}"] input[type=radio]`));
      radio?.focus();
      sayDone(gettext("Choisissez un motif : l'auteur doit savoir pourquoi."), null);
      return;
    }
    const click = {
      id: String(data.get("gesture")),
      url: form.getAttribute("action") ?? "",
      body: new URLSearchParams(/** @type {any} */ (data)).toString(),
      title: `${(card ?? page).querySelector(card ? "h2" : "h1")?.textContent?.trim()} : ${outcome(action)}.`,
      link: card ? `${base}${idOf(card)}/` : location.pathname,
      who,
      at: Date.now(),
    };
    try {
      keepClick(storage, click);
    } catch {
      // No storage here (private window, full disk): the form goes the plain way, and is safe to resend.
      return;
    }
    event.preventDefault();
    if (card) decideOnCard(card, click);
    else decideOnPage(form, pressed, click);
  }

  /** @param {HTMLElement} card @param {Click} click */
  function decideOnCard(card, click) {
    const ticked = new URLSearchParams(click.body).getAll("choix").length;
    const following = cards()[cards().indexOf(card) + 1] ?? cards()[cards().indexOf(card) - 1];
    const untick = membersOf(card).length > ticked;
    card.remove();
    for (const id of reportsOf(click.body)) decided.add(id);
    sayRemaining(Math.max(0, remaining() - ticked));
    sayDone(click.title, () => takeBack(click));
    if (untick) more = true;
    void show(following);
    void send().then(refill);
  }

  /** @param {Click} click */
  function takeBack(click) {
    const id = crypto.randomUUID();
    const undo = { ...click, id, url: `${base}gestes/${click.id}/annulation/`, body: `gesture=${id}`, title: interpolate(gettext("Annuler : %(title)s"), { title: click.title }), at: Date.now() };
    waiting.set(id, async (verdict) => {
      if (verdict.kind !== "done") return sayRefused(undo, verdict.detail ?? "", () => dropClick(storage, id));
      sayDone(gettext("C'est annulé : le signalement attend de nouveau."), null);
      for (const id of reportsOf(click.body)) decided.delete(id);
      const report = /([0-9a-f-]{36})\//.exec(click.link)?.[1] ?? "";
      const back = onQueue && !cards().some((card) => idOf(card) === report) ? await ask(report) : null;
      if (verdict.remaining !== undefined && onQueue) sayRemaining(verdict.remaining);
      if (!back || back === "gone") return location.reload();
      page.querySelector("[data-file]")?.prepend(page.importNode(back, true));
      await show(cards()[0]);
    });
    keepClick(storage, undo);
    sayDone(gettext("L'annulation est demandée."), null);
    void send();
  }

  /**
   * On a report's own page one waits for the answer: what was typed stays under the eyes until then.
   * @param {HTMLFormElement} form @param {HTMLButtonElement | null} pressed @param {Click} click
   */
  function decideOnPage(form, pressed, click) {
    pressed?.setAttribute("aria-busy", "true");
    waiting.set(click.id, (verdict) => {
      pressed?.removeAttribute("aria-busy");
      if (verdict.kind === "done") {
        sessionStorage.setItem("reperes-dernier", JSON.stringify(click));
        return location.assign(base);
      }
      if (verdict.kind !== "refused") return;
      dropClick(storage, click.id);
      // The same page answers again under another name; what was typed has not moved.
      for (const field of page.querySelectorAll('input[name="gesture"]')) /** @type {HTMLInputElement} */ (field).value = crypto.randomUUID();
      page.querySelector("[data-refus]")?.remove();
      const told = h("p", { class: "avis avis--erreur", role: "alert", tabindex: "-1", "data-refus": true }, verdict.detail || gettext("Cette décision n'est pas possible."));
      form.before(told);
      told.focus();
    });
    void send();
  }

  /**
   * Make a card the current one; keys pressed meanwhile wait for it.
   * @param {HTMLElement | undefined} card
   */
  function show(card) {
    const done = goTo(card).finally(() => {
      if (opening === done) opening = null;
    });
    opening = done;
    return done;
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (opening && keysAreOn(storage) && /^[1-9a-z?]$/i.test(event.key)) {
      event.preventDefault();
      void opening.then(() => onKey(event));
      return;
    }
    const target = /** @type {HTMLElement} */ (event.target);
    const typing = target.matches("textarea, select, input:not([type=radio], [type=checkbox], [type=hidden])") || target.isContentEditable;
    // An open dialog has its own keys: Escape closes it.
    if (page.querySelector("dialog[open]") || (!keysAreOn(storage) && event.key !== "Escape")) return;
    const card = onQueue ? current() : /** @type {HTMLElement | null} */ (page.querySelector("[data-qui]"));
    const choosing = choice(card) !== null;
    const found = commandOf(event, { typing, choosing });
    if (!found || (!card && found.command !== "undo" && found.command !== "help")) return;
    event.preventDefault();
    obey(found, card);
  }

  /** @param {import("./keys.js").Command} found @param {HTMLElement | null | undefined} card */
  function obey({ command, value }, card) {
    if (command === "help") return showHelp(storage);
    if (command === "undo") return undoByKey();
    if (!card) return undefined;
    if (command === "close") return choice(card)?.removeAttribute("open");
    if (command === "reason") return pickReason(card, Number(value));
    if (command === "gesture") return gesture(card, value ?? "");
    if (!onQueue) return undefined;
    if (command === "open") return location.assign(`${base}${idOf(card)}/`);
    return void show(cards()[cards().indexOf(card) + (command === "next" ? 1 : -1)] ?? card);
  }

  /** @param {HTMLElement} card @param {string} action */
  function gesture(card, action) {
    if (onQueue && !isOpen(card)) return void show(card).then(() => gesture(/** @type {HTMLElement} */ (current()), action));
    const details = /** @type {HTMLDetailsElement | null} */ (card.querySelector(`details[data-action="${action}"], form[data-geste="${action}"] > details`));
    const plain = /** @type {HTMLButtonElement | null} */ (card.querySelector(`button[data-action="${action}"], form[data-geste="accept"][data-geste="${action}"] > button`));
    if (plain) return plain.form?.requestSubmit(plain);
    // What the card does not offer, the report's own page does.
    if (!details) return onQueue ? location.assign(`${base}${idOf(card)}/#${action}`) : undefined;
    for (const other of card.querySelectorAll("details[data-action], form[data-geste] > details")) if (other !== details) other.removeAttribute("open");
    details.open = true;
    const first = details.querySelector("input:not([type=hidden]), textarea") ?? details.querySelector("summary");
    return /** @type {HTMLElement | null} */ (first)?.focus();
  }

  page.addEventListener("submit", onSubmit);
  page.addEventListener("keydown", onKey);
  page.addEventListener("click", (event) => {
    const link = /** @type {Element} */ (event.target).closest("[data-ouvrir]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const line = /** @type {HTMLElement} */ (link.closest("[data-carte]"));
    // Where the card cannot be had by itself, the page it stands in may.
    void show(line).then(() => line.isConnected && !isOpen(line) && location.assign(/** @type {HTMLAnchorElement} */ (link).href));
  });
  // Ticking all is asked for less often than not: its script comes with the panel.
  page.querySelector("[data-lot] > details")?.addEventListener("toggle", () => import("../queue.js"), { once: true });
  const section = page.querySelector("[data-carte-file]");
  // Leaflet and its wiring weigh as much as the page: they come with the map, when it is asked for.
  section?.addEventListener("toggle", () => import("./list_map.js").then(({ enhanceListMap }) => enhanceListMap(/** @type {HTMLDetailsElement} */ (section))), { once: true });
  document.documentElement.classList.add("avec-script");
  for (const click of readClicks(storage)) {
    if (click.who === who && click.refused) sayRefused(click, click.refused, () => dropClick(storage, click.id));
  }
  const last = sessionStorage.getItem("reperes-dernier");
  sessionStorage.removeItem("reperes-dernier");
  if (last && onQueue) {
    const click = JSON.parse(last);
    sayDone(click.title, () => takeBack(click));
  }
  if (location.hash.length > 1 && !onQueue) gesture(/** @type {HTMLElement} */ (main), location.hash.slice(1));
  for (const { body } of toSend(readClicks(storage), who)) for (const id of reportsOf(body)) decided.add(id);
  // Decided before this page was drawn, and still to be sent: not to be decided again.
  for (const card of cards()) if (decided.has(idOf(card))) card.remove();
  if (!cards().some(isOpen)) void show(cards()[0]);
  offerHelp(page, () => showHelp(storage));
  void send().then(refill);
}

/**
 * The list of reasons that is open, whose lines answer to digits.
 * @param {HTMLElement | null | undefined} card
 */
function choice(card) {
  return card?.querySelector("details[open][data-action]:has(input[type=radio]), form[data-geste] > details[open]:has(input[name=reason_code])") ?? null;
}

/**
 * What a gesture makes of a report, as the page says it.
 * @param {string} action
 * @returns {string}
 */
function outcome(action) {
  /** @type {Record<string, string>} */
  const said = {
    accept: gettext("accepté"),
    complete: gettext("complété et accepté"),
    return: gettext("renvoyé à l'auteur pour une précision"),
    merge: gettext("fusionné"),
    reject: gettext("refusé"),
    transfer: gettext("transmis"),
    hold: gettext("mis en attente"),
    reopen: gettext("rouvert"),
  };
  return said[action] ?? action;
}

/**
 * The reports a click decides on.
 * @param {string} body
 */
function reportsOf(body) {
  return new URLSearchParams(body).getAll("choix").map((one) => one.split(":")[0]);
}

/** @param {HTMLElement} card @param {number} rank */
function pickReason(card, rank) {
  const open = choice(card);
  const radio = /** @type {HTMLInputElement | undefined} */ (open?.querySelectorAll("input[name=reason_code]")[rank - 1]);
  const button = /** @type {HTMLButtonElement | null} */ (open?.querySelector("button:not([type=button])"));
  if (!radio || !button) return;
  radio.checked = true;
  button.form?.requestSubmit(button);
}

const KEYS = "reperes-touches";

/**
 * Whether single letters decide. Whoever dictates, or whose fingers slip, turns them off (RGAA 12.10).
 * @param {Storage} storage
 */
function keysAreOn(storage) {
  return storage.getItem(KEYS) !== "non";
}

/** @param {Storage} storage */
function showHelp(storage) {
  const found = /** @type {HTMLDialogElement | null} */ (document.getElementById("raccourcis"));
  const dialog =
    found ??
    h(
      "dialog",
      { id: "raccourcis", class: "raccourcis", "aria-labelledby": "raccourcis-titre" },
      h("h2", { id: "raccourcis-titre" }, gettext("Au clavier")),
      h("dl", { class: "definitions" }, keyHelp().map(([key, does]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, does)))),
      h("label", { class: "case" }, keysChoice(storage), gettext("Utiliser ces touches sur cet appareil")),
      h("form", { method: "dialog" }, h("button", { class: "bouton" }, gettext("Fermer"))),
    );
  if (!found) document.body.append(dialog);
  dialog.showModal();
}

/** @param {Storage} storage */
function keysChoice(storage) {
  const box = h("input", { type: "checkbox" });
  box.checked = keysAreOn(storage);
  box.addEventListener("change", () => (box.checked ? storage.removeItem(KEYS) : storage.setItem(KEYS, "non")));
  return box;
}

/** @param {Document} page @param {() => void} onclick */
function offerHelp(page, onclick) {
  const link = h("button", { type: "button", class: "raccourcis-offre", onclick }, gettext("Au clavier : touche ?"));
  page.querySelector(".tete")?.append(link);
}

if (typeof document !== "undefined") start(document, localStorage);
