/** Précisez : the couche's questions, one a screen; those always asked first, the others on demand. */

import { gettext, interpolate } from "../texts.js";
import { button, h, show } from "./dom.js";
import { drawQuestion } from "./form.js";
import { check, clean, essential, optional } from "./schema.js";
import { readSetting } from "./store.js";

/**
 * The questions of a draft, in two lists: always asked, and on demand.
 *
 * Who confirms a known place says what they see themselves where the couche counts observations
 * by key (operators); elsewhere "it is still there" is enough.
 * @param {Form} form
 * @param {DeviceReport} draft
 */
export function questionsFor(form, { operation }) {
  if (operation === "create" || operation === "update") return { asked: essential(form), extra: optional(form) };
  const counted = essential(form).filter(({ definition }) => definition["x-key"]);
  return { asked: operation === "confirm" ? counted : [], extra: [] };
}

/**
 * @param {App} app
 * @param {string} name
 */
export async function draw(app, name) {
  const draft = /** @type {DeviceReport} */ (app.draft);
  const form = /** @type {Form} */ (app.form(draft.couche));
  const { asked, extra } = questionsFor(form, draft);
  const all = [...asked, ...extra];
  const question = all.find((one) => one.name === name) ?? asked[0];
  if (!question) return app.go("photo", { replace: true });
  const rank = all.indexOf(question);
  const isExtra = rank >= asked.length;
  const remembered = (await readSetting("remembered"))?.[question.name] ?? [];
  const said = draft.error?.errors ?? {};
  const errors = Object.fromEntries(Object.entries(said).map(([path, texts]) => [path, texts.join(" ")]));
  // Alone on its screen, a question need not be called obligatory.
  const drawn = drawQuestion({ ...question, required: false }, draft.attributes[question.name], { remembered, errors });
  const after = all[rank + 1] && (rank + 1 < asked.length || isExtra) ? `precisez-${all[rank + 1].name}` : isExtra ? "verifier" : "photo";
  const keep = async () => {
    const value = drawn.read();
    const attributes = clean({ ...draft.attributes, [question.name]: value });
    const path = `attributes.${question.name}`;
    const wrong = Object.entries(check(form, attributes, { partial: draft.operation === "confirm" })).filter(([where]) => where === path || where.startsWith(`${path}.`));
    drawn.showErrors(Object.fromEntries(wrong));
    if (wrong.length) return drawn.focus();
    await app.update((row) => {
      row.attributes = attributes;
      // What the server said of this answer was about the former one.
      if (row.error) for (const one of Object.keys(row.error.errors)) if (one.startsWith(path)) delete row.error.errors[one];
    });
    await app.go(after);
  };
  show(app.root, {
    title: draft.operation === "confirm" ? draft.feature_title : form.title,
    step: 3,
    discreet: true,
    body: [
      isExtra ? h("p", { class: "discret" }, interpolate(gettext("Précision %(rank)s sur %(count)s, facultative"), { rank: rank - asked.length + 1, count: extra.length })) : null,
      h("form", { class: "question-seule", novalidate: true, onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        keep();
      } }, drawn.element, h("button", { class: "visuellement-cache", tabindex: "-1", "aria-hidden": "true" })),
      isExtra ? button(gettext("J'ai tout dit"), () => app.go("verifier"), "bouton--lien") : null,
    ],
    bar: [
      button(gettext("Retour"), () => history.back()),
      button(isExtra && !question.required ? gettext("Suivant") : gettext("Continuer"), keep, ""),
    ],
  });
}
