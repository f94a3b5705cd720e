/** Quand ? The moment of the observation, apart from the moment of sending. */

import { gettext } from "../texts.js";
import { button, field, h, notice, show } from "./dom.js";
import { localDay, momentOfDay } from "./draft.js";

/** @param {App} app */
export async function draw(app) {
  const draft = /** @type {DeviceReport} */ (app.draft);
  const input = h("input", { type: "date", max: localDay(new Date()), min: "2000-01-01", value: localDay(new Date(draft.observed.at)) });
  const mistake = h("div", {});
  const choose = async (/** @type {{at: string, chosen: boolean}} */ observed) => {
    await app.update((row) => {
      row.observed = observed;
    });
    await app.go("verifier");
  };
  show(app.root, {
    title: gettext("Quand l'avez-vous constaté ?"),
    step: 5,
    body: [
      h("p", { class: "boutons" }, button(gettext("À l'instant"), () => choose({ at: new Date().toISOString(), chosen: false }), "bouton--second bouton--large")),
      field(gettext("Ou un autre jour"), input, gettext("Le jour suffit : l'heure n'est jamais publiée.")),
      mistake,
    ],
    bar: [
      button(gettext("Retour"), () => history.back()),
      button(gettext("Garder ce jour"), () => {
        const at = momentOfDay(input.value, new Date());
        if (at) choose({ at, chosen: true });
        else mistake.replaceChildren(notice("erreur", gettext("Ce jour n'est pas encore venu, ou n'existe pas : donnez celui du constat.")));
      }, ""),
    ],
  });
}
