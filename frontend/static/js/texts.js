/** French texts of the scripts, and their translation when the page carries a catalogue. */

/** @type {Record<string, string | string[]>} */
const CATALOGUE = readCatalogue();

function readCatalogue() {
  const source = typeof document === "undefined" ? null : document.getElementById("catalogue");
  return source ? JSON.parse(source.textContent || "{}") : {};
}

/**
 * The text in the language of the instance.
 * @param {string} text French
 * @returns {string}
 */
export function gettext(text) {
  const found = CATALOGUE[text];
  return typeof found === "string" ? found : text;
}

/**
 * The text for a count; zero is singular in French, plural in English.
 * @param {string} one
 * @param {string} many
 * @param {number} count
 * @returns {string}
 */
export function ngettext(one, many, count) {
  const found = CATALOGUE[one];
  if (Array.isArray(found)) return found[count === 1 ? 0 : 1] ?? many;
  return count >= 2 ? many : one;
}

/**
 * Put values at their %(name)s.
 * @param {string} text
 * @param {Record<string, any>} values
 * @returns {string}
 */
export function interpolate(text, values) {
  return text.replace(/%\((\w+)\)s/g, (whole, name) => String(values[name] ?? whole));
}
