/** C'est peut-être déjà là : confirming what is known is worth more than saying it twice. */

import { sayDistance } from "../coordinates.js";
import { gettext, interpolate, ngettext } from "../texts.js";
import { button, h, sayMoment, show } from "./dom.js";

/** @param {App} app */
export async function draw(app) {
  const { features, pending } = app.near ?? { features: [], pending: 0 };
  const same = app.draft?.couche === "zones-blanches" ? gettext("J'ai le même problème") : gettext("C'est celui-ci, il est toujours là");
  show(app.root, {
    title: gettext("C'est peut-être déjà sur la carte"),
    step: 2,
    body: [
      h("p", {}, gettext("Tout près d'ici :")),
      h("ul", { class: "fiches" }, features.map((one) => h("li", {}, h("article", { class: "fiche" },
        h("h2", {}, one.title),
        h("p", { class: "fiche__pied" },
          h("span", {}, interpolate(gettext("à %(distance)s"), { distance: sayDistance(one.distance_m) })),
          h("span", {}, interpolate(gettext("vu %(day)s"), { day: sayMoment(one.observed_on, false) }))),
        h("p", { class: "boutons" }, button(same, () => confirm(app, one), "")))))),
      pending ? h("p", { class: "avis" }, interpolate(ngettext("%(count)s signalement proche attend déjà la réponse de la mairie. Le vôtre compte aussi.", "%(count)s signalements proches attendent déjà la réponse de la mairie. Le vôtre compte aussi.", pending), { count: pending })) : null,
    ],
    bar: [
      button(gettext("Retour"), () => app.go("ou")),
      button(gettext("Non, c'est autre chose"), () => app.go("precisez"), ""),
    ],
  });
}

/**
 * One more observation of a known place: its own answers, its own date.
 * @param {App} app
 * @param {NearFeature} feature
 */
async function confirm(app, { id, title }) {
  await app.update((draft) => {
    draft.operation = "confirm";
    draft.feature = id;
    draft.feature_title = title;
  });
  await app.go("precisez");
}
