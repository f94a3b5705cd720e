/** The keyboard of the desk: one letter a gesture, told by « ? ». Pure: from a key to a command. */

import { gettext } from "../texts.js";

/** @typedef {{command: string, value?: string}} Command */

/** @type {Record<string, string>} */
const LETTERS = { j: "next", k: "previous", o: "open", u: "undo", z: "undo", "?": "help", Escape: "close" };
/** @type {Record<string, string>} key → gesture */
export const GESTURES = { v: "accept", c: "complete", p: "return", f: "merge", r: "reject", t: "transfer", m: "hold" };

/**
 * @param {{key: string, ctrlKey?: boolean, metaKey?: boolean, altKey?: boolean, repeat?: boolean}} event
 * @param {{typing: boolean, choosing: boolean}} state typing: in a text field; choosing: a list of reasons is open
 * @returns {Command | null}
 */
export function commandOf({ key, ctrlKey, metaKey, altKey, repeat }, { typing, choosing }) {
  if (ctrlKey || metaKey || altKey) return null;
  if (key === "Escape") return { command: "close" };
  if (typing) return null;
  if (choosing && /^[1-9]$/.test(key)) return repeat ? null : { command: "reason", value: key };
  const letter = key.length === 1 ? key.toLowerCase() : key;
  if (letter in GESTURES) return repeat ? null : { command: "gesture", value: GESTURES[letter] };
  return letter in LETTERS ? { command: LETTERS[letter] } : null;
}

/** What each key does, in the order of the help. */
export function keyHelp() {
  return [
    ["j, k", gettext("signalement suivant, précédent")],
    ["v", gettext("accepter (tout le groupe)")],
    ["c", gettext("compléter et accepter")],
    ["p", gettext("demander une précision")],
    ["f", gettext("fusionner")],
    ["r", gettext("refuser")],
    ["t", gettext("transmettre")],
    ["m", gettext("mettre en attente")],
    ["1 à 9", gettext("choisir le motif et envoyer")],
    ["u", gettext("annuler la dernière décision")],
    ["o", gettext("tout voir du signalement")],
    ["?", gettext("cette aide")],
  ];
}
