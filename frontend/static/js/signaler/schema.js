/** A couche's schema as questions; its answers judged and read: the twin of couches/schemas.py. Pure. */

import { gettext, interpolate } from "../texts.js";

/** Longer lists are a menu. */
const MAX_BUTTONS = 12;
const NOTHING = "none";

const isEmpty = (/** @type {any} */ value) => value == null || value === "" || (typeof value === "object" && !Object.keys(value).length);

/** By `x-order`, then name. @param {Definition} definitions */
const inOrder = (definitions = {}) =>
  Object.entries(definitions).sort(([a, one], [b, two]) => (one["x-order"] ?? 0) - (two["x-order"] ?? 0) || (a < b ? -1 : 1));

/** @param {Definition} definition */
function kindOf({ type, items, enum: codes, "x-widget": widget }) {
  if (type === "array") return items.type === "object" ? "rows" : "many";
  if (type === "boolean") return "yesno";
  if (codes) return widget === "select" || codes.length > MAX_BUTTONS ? "menu" : "choice";
  if (type !== "string") return "number";
  return widget === "textarea" ? "long" : "text";
}

/** Choices, or the values of a short range. @param {Definition} definition */
function optionsOf({ type, items, minimum, maximum, ...own }) {
  const { enum: codes = [], "x-labels": labels = {} } = items ?? own;
  const range = type === "integer" && maximum - minimum <= 5 ? Array.from({ length: maximum - minimum + 1 }, (_, rank) => minimum + rank) : codes;
  return range.map((/** @type {any} */ value) => ({ value, label: labels[value] ?? String(value) }));
}

/** `schema`: the object it belongs to. @type {QuestionOf} */
function questionOf(name, definition, schema) {
  const { items, "x-key": key = "", "x-fixed": fixed = [] } = definition;
  const parts = inOrder(items?.properties).map(([part, one]) => questionOf(part, one, items));
  const said = parts.filter((part) => part.name !== key);
  return {
    name,
    title: definition.title ?? name,
    help: definition.description ?? "",
    kind: kindOf(definition),
    required: !!schema.required?.includes(name),
    group: schema["x-groups"]?.find(({ id = "" }) => id === definition["x-group"]) ?? { id: "", title: "" },
    definition,
    options: optionsOf(definition),
    parts,
    key,
    fixed: key && fixed,
    nothing: said.length && said.every((part) => part.definition.enum?.includes(NOTHING)) ? NOTHING : "",
  };
}

/** What a resident may answer, in order: not what the town hall completes. @param {Couche} couche */
export function questionsOf({ schema }) {
  return inOrder(schema.properties)
    .filter(([, one]) => !one["x-complete"])
    .map(([name, one]) => questionOf(name, one, schema));
}

/** What is always asked. @param {Couche} couche */
export function essential(couche) {
  return questionsOf(couche).filter((one) => one.required);
}

/** What may be said besides. @param {Couche} couche */
export function optional(couche) {
  return questionsOf(couche).filter((one) => !one.required);
}

/** @type {(value: any) => any} */
function trim(value) {
  if (typeof value === "string") return value.trim().normalize();
  if (Array.isArray(value)) return value.map(trim).filter((one) => !isEmpty(one));
  return value && typeof value === "object" ? clean(value) : value;
}

/** Trimmed texts, no empty answer. @type {(attributes: Attributes) => Attributes} */
export function clean(attributes) {
  const pairs = Object.entries(attributes).map(([name, value]) => [name, trim(value)]);
  return Object.fromEntries(pairs.filter(([, value]) => !isEmpty(value)));
}

/** @type {Record<string, string>} */
const DAYS = { Mo: "lundi", Tu: "mardi", We: "mercredi", Th: "jeudi", Fr: "vendredi", Sa: "samedi", Su: "dimanche", PH: "jours fériés", off: "fermé" };

/** "lundi–samedi 8 h–19 h 30" from "Mo-Sa 08:00-19:30". @param {string} text */
const frenchHours = (text) =>
  text
    .replace(/\b(Mo|Tu|We|Th|Fr|Sa|Su|PH|off)\b/g, (word) => DAYS[word])
    .replace(/\b(\d\d):(\d\d)\b/g, (_, hours, minutes) => `${+hours}\u00a0h` + (minutes > 0 ? `\u00a0${minutes}` : ""))
    .replaceAll("-", "–")
    .replaceAll(",", ", ")
    .replaceAll(";", " ;");

/** Without its capital, unless it begins with an acronym. @param {string} text */
export function midSentence(text) {
  return /^.\p{Lu}/su.test(text) ? text : text.replace(/^./su, (first) => first.toLowerCase());
}

/** "Orange : appels impossible, SMS difficile". @type {Readable} */
function readableObject(value, { properties }) {
  const parts = inOrder(properties).filter(([name]) => name in value);
  const [head, ...others] = parts.map(([name, one]) => readable(value[name], one));
  const said = others.map((text, rank) => `${midSentence(parts[rank + 1][1].title)} ${midSentence(text)}`).join(", ");
  return said ? interpolate(gettext("%(head)s : %(said)s"), { head, said }) : (head ?? "");
}

/** A value as a person reads it. @type {Readable} */
export function readable(value, definition) {
  if (typeof value === "boolean") return value ? gettext("oui") : gettext("non");
  if (Array.isArray(value)) {
    return value.map((one) => readable(one, definition.items)).join(typeof value[0] === "object" ? "; " : ", ");
  }
  if (typeof value === "object") return readableObject(value, definition);
  const text = String(definition["x-labels"]?.[value] ?? value);
  if (definition["x-format"] === "date_partielle") return text.split("-").reverse().join("/");
  return definition["x-format"] === "horaires" ? frenchHours(text) : text;
}

/** Each answer with its label, in order. @type {Describe} */
export function describe({ schema }, attributes) {
  return inOrder(schema.properties)
    .filter(([name]) => !isEmpty(attributes[name]))
    .map(([name, one]) => ({ label: one.title, value: readable(attributes[name], one) }));
}

/** @type {Record<string, (value: any) => boolean>} */
const TYPES = { integer: Number.isInteger, number: Number.isFinite, array: Array.isArray };

const otherwise = () => gettext("« %(title)s » : cette réponse n'a pas la forme attendue.");

/** Keyword → its test, what to say when it fails. @type {Record<string, [Test, () => string]>} */
const RULES = {
  enum: [(value, codes) => codes.includes(value), otherwise],
  minimum: [(value, limit) => value >= limit, () => gettext("« %(title)s » : %(limit)s au moins.")],
  maximum: [(value, limit) => value <= limit, () => gettext("« %(title)s » : %(limit)s au plus.")],
  maxItems: [(value, limit) => value.length <= limit, () => gettext("« %(title)s » : %(limit)s réponses au plus.")],
  anyOf: [(value, ways) => ways.some((/** @type {Definition} */ way) => way.required.every((/** @type {string} */ name) => name in value)), otherwise],
  minLength: [(value, limit) => [...value].length >= limit, () => gettext("« %(title)s » : %(limit)s caractères au moins.")],
  maxLength: [(value, limit) => [...value].length <= limit, () => gettext("« %(title)s » : %(limit)s caractères au plus.")],
  pattern: [matches, otherwise],
};

/** @type {Test} */
function matches(value, pattern) {
  try {
    return new RegExp(pattern).test(value);
  } catch {
    return true; // written for Python
  }
}

/** The server alone reads the notations of `x-format`. */
const NOT_WITH_FORMAT = ["minLength", "maxLength", "pattern"];

/** @type {Judge} */
function judge(value, definition, path, say, partial) {
  const { type, items, properties, required = [], "x-unique": key, "x-format": format } = definition;
  if (!(TYPES[type]?.(value) ?? (typeof value === type && !Array.isArray(value)))) return say(path, definition, otherwise());
  for (const [name, one] of inOrder(properties)) {
    if (name in value) judge(value[name], one, `${path}.${name}`, say);
    else if (!partial && required.includes(name)) say(`${path}.${name}`, one, gettext("Répondez à « %(title)s »."));
  }
  const seen = new Set();
  for (const [rank, item] of type === "array" ? value.entries() : []) {
    const [start, end] = items["x-before"] ?? [];
    judge(item, items, `${path}.${rank}`, say);
    if (key && item[key] && seen.has(item[key])) {
      const name = readable(item[key], items.properties[key]);
      say(`${path}.${rank}.${key}`, {}, interpolate(gettext("« %(name)s » est donné deux fois : gardez une réponse."), { name }));
    }
    seen.add(item[key]);
    if (item[start] >= item[end]) say(`${path}.${rank}.${end}`, {}, gettext("La fin doit venir après le début."));
  }
  for (const [keyword, [holds, sentence]] of Object.entries(RULES)) {
    if (!(keyword in definition) || (format && NOT_WITH_FORMAT.includes(keyword))) continue;
    if (!holds(value, definition[keyword])) say(path, definition, sentence(), definition[keyword]);
  }
}

/** What a phone can refuse alone; the server judges again. @type {Check} */
export function check({ schema }, attributes, { partial } = {}) {
  /** @type {Record<string, string>} */
  const errors = {};
  judge(clean(attributes), schema, "attributes", (path, definition, text, limit) => {
    if (Object.keys(errors).some((said) => said === path || said.startsWith(`${path}.`))) return;
    errors[path] = definition["x-error"] ?? interpolate(text, { title: definition.title ?? "", limit });
  }, partial);
  return errors;
}
