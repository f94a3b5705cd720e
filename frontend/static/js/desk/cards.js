/**
 * The cards of the queue: one is open, the others are lines that open in place.
 *
 * Without script a line is a link to the same page with that card open; here only the card comes.
 */

/**
 * Every card of the page, in order.
 * @param {ParentNode} page
 * @returns {HTMLElement[]}
 */
export function allCards(page) {
  return [...page.querySelectorAll("[data-file] > [data-carte]")].map((one) => /** @type {HTMLElement} */ (one));
}

/**
 * The address of a card alone, from the link that opens it.
 * @param {string} href
 * @returns {string}
 */
export function aloneAddress(href) {
  const address = new URL(href, "https://repères.invalid/moderation/");
  const id = address.searchParams.get("ouvrir") ?? "";
  address.searchParams.delete("ouvrir");
  address.searchParams.set("carte", id);
  return address.search;
}

/**
 * Open a line in place; the card that was open stays as it is. Resolves to the card, open.
 *
 * Rejects when the network, or the server, does not give it: follow the link instead.
 * @param {HTMLElement} line
 * @returns {Promise<HTMLElement>}
 */
export async function openCard(line) {
  const link = line.querySelector("a[data-ouvrir]");
  if (!(link instanceof HTMLAnchorElement)) return line;
  const answer = await fetch(aloneAddress(link.href), { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
  const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
  const card = parsed.querySelector("[data-carte]");
  if (!(card instanceof HTMLElement)) throw new Error("no card");
  const opened = document.adoptNode(card);
  line.replaceWith(opened);
  opened.dispatchEvent(new CustomEvent("carte-ouverte", { bubbles: true }));
  return opened;
}

/**
 * Put the reader on a card: on its title when open, else on the link that opens it.
 * @param {HTMLElement} card
 */
export function focusCard(card) {
  const target = card.querySelector("h2[tabindex], h2 a");
  if (target instanceof HTMLElement) target.focus();
}

/** @param {HTMLElement} list */
export function enhanceCards(list) {
  list.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[data-ouvrir]") : null;
    const line = link?.closest("[data-carte]");
    if (!(link instanceof HTMLAnchorElement) || !(line instanceof HTMLElement)) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    openCard(line).then(focusCard, () => location.assign(link.href));
  });
}
