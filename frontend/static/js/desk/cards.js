/** The list of the queue as elements: which card is current, opening one, taking one away and back. */

/** @typedef {HTMLElement} Card an `li[data-carte]` */

/** @type {Map<string, Promise<HTMLElement | "gone" | null>>} cards asked of the server, by report */
const asked = new Map();

/** @returns {Card[]} every card of the page, in order */
export function cards() {
  return [...document.querySelectorAll("[data-file] > [data-carte]")].map((one) => /** @type {Card} */ (one));
}

/**
 * Put the reader on a card: on its title when open, else on the link that opens it.
 * @param {Card} card
 */
export function focusCard(card) {
  /** @type {HTMLElement | null} */ (card.querySelector("h2[tabindex], h2 a"))?.focus({ preventScroll: true });
}

/** @param {Card} card */
export function isOpen(card) {
  return card.hasAttribute("data-ouverte");
}

/** @returns {Card | undefined} the card that keys speak of */
export function current() {
  return cards().find((card) => card.hasAttribute("data-courante")) ?? cards().find(isOpen) ?? cards()[0];
}

/** @param {Card} card */
export function idOf(card) {
  return card.dataset.id ?? "";
}

/**
 * The reports a card stands for, whatever is ticked in it.
 * @param {Card} card
 * @returns {string[]}
 */
export function membersOf(card) {
  /** @type {[string, number][]} */
  const items = JSON.parse(card.dataset.items ?? "[]");
  return items.map(([id]) => id);
}

/**
 * Make a card the current one: opened, read out, in sight.
 * @param {Card | undefined} card
 */
export async function goTo(card) {
  if (!card) return;
  for (const other of cards()) other.toggleAttribute("data-courante", other === card);
  const after = cards()[cards().indexOf(card) + 1];
  const opened = isOpen(card) ? card : await openUp(card);
  // Somebody else has decided on it meanwhile: it is no longer there to be read.
  if (!opened) return goTo(after ?? cards()[0]);
  opened.scrollIntoView({ block: "nearest" });
  focusCard(opened);
  const following = cards()[cards().indexOf(opened) + 1];
  if (following && !isOpen(following)) void ask(idOf(following));
}

/**
 * Put the open form of a line in its place; without network the line stays, with its link.
 * @param {Card} line
 * @returns {Promise<Card | null>} null when the server has no such card any more
 */
async function openUp(line) {
  const opened = await ask(idOf(line));
  asked.delete(idOf(line));
  if (opened === "gone") {
    line.remove();
    return null;
  }
  if (!opened || !line.isConnected) return line;
  const card = /** @type {Card} */ (document.importNode(opened, true));
  card.toggleAttribute("data-courante", line.hasAttribute("data-courante"));
  line.replaceWith(card);
  card.dispatchEvent(new CustomEvent("carte-ouverte", { bubbles: true }));
  return card;
}

/**
 * The open card of a report, as the server draws it now; null when it cannot be had now.
 * @param {string} id
 * @returns {Promise<HTMLElement | "gone" | null>}
 */
export function ask(id) {
  const known = asked.get(id);
  if (known) return known;
  const promise = fetchCards(`carte=${encodeURIComponent(id)}`).then((found) => found.cards[0] ?? (found.gone ? "gone" : null));
  asked.set(id, promise);
  return promise;
}

/**
 * Ask for the page again, or for one card of it.
 * @param {string} more of the query string
 * @returns {Promise<{cards: HTMLElement[], next: boolean, gone?: boolean}>}
 */
export async function fetchCards(more) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of new URLSearchParams(more)) query.set(name, value);
  try {
    const answer = await fetch(`${location.pathname}?${query}`, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return { cards: [], next: false, gone: answer.status === 404 };
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = [...page.querySelectorAll("[data-carte]")].map((one) => /** @type {HTMLElement} */ (one));
    return { cards: found, next: page.querySelector("nav a[href^='?']") !== null };
  } catch {
    // No network: what is on the screen is what there is.
    return { cards: [], next: false };
  }
}

/**
 * Say how many remain, in the heading and in the tab's title.
 * @param {number} count
 */
export function sayRemaining(count) {
  const place = document.querySelector("[data-reste]");
  if (!(place instanceof HTMLElement)) return;
  place.dataset.reste = String(count);
  place.textContent = count.toLocaleString(document.documentElement.lang);
  document.title = document.title.replace(/\([^)]*\)/, `(${place.textContent})`);
}

/** @returns {number} */
export function remaining() {
  const place = document.querySelector("[data-reste]");
  return place instanceof HTMLElement ? Number(place.dataset.reste) : 0;
}
