/** The preview of a public reason follows what is typed; without scripts, a button asks the server for it. */

/**
 * What the author will read: the words typed, else the sentence of the reason picked.
 * @param {string} typed
 * @param {string} [sentence]
 * @returns {string}
 */
export function publicReason(typed, sentence = "") {
  return typed.trim() || sentence.trim();
}

/**
 * @param {HTMLElement} preview container marked `data-apercu-motif`
 * @param {string} text
 */
export function showReason(preview, text) {
  for (const place of preview.querySelectorAll("[data-motif-texte]")) place.textContent = text;
  const empty = preview.querySelector("[data-motif-vide]");
  if (empty instanceof HTMLElement) empty.hidden = text !== "";
}

/** @param {Document} page */
export function enhance(page) {
  const preview = page.querySelector("[data-apercu-motif]");
  const field = page.querySelector("[data-motif-phrase]");
  if (!(preview instanceof HTMLElement) || !(field instanceof HTMLTextAreaElement)) return;
  const follow = () => showReason(preview, publicReason(field.value));
  field.addEventListener("input", follow);
  follow();
}

if (typeof document !== "undefined") enhance(document);
