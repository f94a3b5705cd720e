/** The officials' queue: tick all, and keep what was typed when the page is left by mistake. */

/**
 * Ticks or unticks every report of the page at once.
 * @param {HTMLFormElement} form
 */
export function enhanceBatch(form) {
  const all = form.querySelector("[data-tout]");
  if (!(all instanceof HTMLInputElement)) return;
  const lines = () =>
    /** @type {HTMLInputElement[]} */ ([...form.elements].filter((one) => /** @type {HTMLInputElement} */ (one).name === "choix"));
  all.addEventListener("change", () => {
    for (const line of lines()) line.checked = all.checked;
  });
  // The boxes stand beside the reports, outside the form.
  form.ownerDocument.addEventListener("change", (event) => {
    if (event.target === all || /** @type {HTMLInputElement} */ (event.target).form !== form) return;
    all.checked = lines().every((line) => line.checked);
  });
}

/**
 * Whether something typed by the person would be lost.
 * @param {Iterable<{value: string, defaultValue: string}>} fields
 * @returns {boolean}
 */
export function hasUnsentText(fields) {
  for (const field of fields) {
    if (field.value.trim() !== field.defaultValue.trim()) return true;
  }
  return false;
}

/**
 * Show the public reason as it will be read: the sentence typed, else that of the reason picked.
 * @param {HTMLFormElement} form
 */
export function enhancePreview(form) {
  const place = form.querySelector("[data-apercu]");
  if (!(place instanceof HTMLElement)) return;
  const quote = place.appendChild(place.ownerDocument.createElement("q"));
  const draw = () => {
    const typed = /** @type {HTMLTextAreaElement | null} */ (form.querySelector('[name="public_reason"]'))?.value.trim();
    const picked = /** @type {HTMLElement | null} */ (form.querySelector('[name="reason_code"]:checked'))?.dataset.phrase;
    quote.textContent = typed || picked || "";
    place.hidden = !quote.textContent;
  };
  form.addEventListener("input", draw);
  draw();
}

/** @param {Document} page */
export function enhance(page) {
  for (const form of page.querySelectorAll("form[data-geste]")) enhancePreview(/** @type {HTMLFormElement} */ (form));
  for (const form of page.querySelectorAll("form[data-lot]")) {
    enhanceBatch(/** @type {HTMLFormElement} */ (form));
  }
  let sending = false;
  for (const form of page.querySelectorAll("form[data-geste]")) {
    form.addEventListener("submit", () => {
      sending = true;
    });
  }
  page.defaultView?.addEventListener("beforeunload", (event) => {
    const fields = /** @type {NodeListOf<HTMLTextAreaElement>} */ (
      page.querySelectorAll("form[data-geste] textarea")
    );
    if (!sending && hasUnsentText(fields)) event.preventDefault();
  });
  page.getElementById("refus")?.focus();
}

if (typeof document !== "undefined") enhance(document);
