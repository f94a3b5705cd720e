/** On the follow-up page: the reports sent from this device, with what became of each. */

import { gettext, interpolate } from "../texts.js";
import { h, sayMoment } from "./dom.js";
import { checkAnswers } from "./followed.js";
import { followUp } from "./draft.js";
import { allReports, hasStore } from "./store.js";

/**
 * Fill the list, then ask for news; nothing shows on a device that never sent anything.
 * @param {HTMLElement} box
 */
export async function drawDeviceList(box) {
  if (!(await hasStore())) return;
  await fill(box);
  if (!box.hidden && (await checkAnswers())) await fill(box);
}

/** @param {HTMLElement} box */
async function fill(box) {
  const sent = (await allReports()).filter(({ state, secret }) => state === "sent" && secret).reverse();
  box.hidden = sent.length === 0;
  box.querySelector("ul")?.replaceChildren(...sent.map((report) => h("li", {}, h("article", { class: "fiche" },
    h("h3", {}, h("a", { class: "fiche__lien", href: followUp(report) }, [report.feature_title || report.couche_title, report.commune?.nom].filter(Boolean).join(", "))),
    h("p", { class: "fiche__sur" }, interpolate(gettext("Envoyé %(moment)s"), { moment: sayMoment(report.sent_at ?? report.created_at) })),
    h("p", {}, h("strong", {}, report.status_label || gettext("En attente"))),
    report.reason ? h("blockquote", { class: "citation" }, h("p", {}, report.reason)) : null))));
}
