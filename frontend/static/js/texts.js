/** French sentences and their translations: the page holds `{text: translation | [forms]}`, or nothing. */

/** @type {Record<string, string | string[]>} */
const CATALOGUE = readCatalogue();

function readCatalogue() {
  const element = typeof document === "undefined" ? null : document.getElementById("catalogue");
  return element ? JSON.parse(element.textContent || "{}") : {};
}

/**
 * @param {string} text
 * @returns {string}
 */
export function gettext(text) {
  return [CATALOGUE[text] ?? text].flat()[0];
}

/**
 * Singular below 2, as in French; a translated sentence follows the page's language.
 * @param {string} one
 * @param {string} many
 * @param {number} n
 * @returns {string}
 */
export function ngettext(one, many, n) {
  const forms = CATALOGUE[one];
  if (!Array.isArray(forms)) return n < 2 ? one : many;
  return forms[n === 1 || (n < 2 && document.documentElement.lang === "fr") ? 0 : 1];
}

/**
 * @param {string} text with `%(name)s` in it
 * @param {Record<string, unknown>} values
 * @returns {string}
 */
export function interpolate(text, values) {
  return text.replace(/%\((\w+)\)s/g, (_, name) => String(values[name]));
}
