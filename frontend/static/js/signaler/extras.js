/** Photo et contact : both may be skipped, and the page says so. */

import { gettext, interpolate } from "../texts.js";
import { button, field, h, notice, sayBytes, show } from "./dom.js";
import { PhotoUnreadable, shrink } from "./photo.js";
import { photosOf, removePhoto } from "./store.js";

const MOST = 3;

/** @param {App} app */
export async function draw(app) {
  const draft = /** @type {DeviceReport} */ (app.draft);
  const list = h("ul", { class: "photos" });
  const said = h("div", { role: "status" });
  const input = h("input", { type: "file", accept: "image/jpeg,image/png,image/webp", multiple: true, class: "visuellement-cache", id: "photo" });
  const email = h("input", { type: "email", autocomplete: "email", inputmode: "email", maxlength: "254", value: draft.email });
  const other = h("input", { type: "checkbox" });
  other.checked = draft.other;
  const next = button("", () => leave(app, email, other, said), "");
  const refresh = async () => {
    const photos = await photosOf(draft.id);
    list.replaceChildren(...photos.map((photo) => thumbnail(app, photo, refresh)));
    label.hidden = input.disabled = photos.length >= MOST;
    next.textContent = photos.length || email.value || draft.error ? gettext("Continuer") : gettext("Passer");
  };
  const label = h("label", { class: "bouton bouton--second bouton--large", for: "photo" }, gettext("Ajouter une photo"));
  input.onchange = async () => {
    for (const file of input.files ?? []) await add(app, file, said);
    input.value = "";
    await refresh();
  };
  email.oninput = refresh;
  const isSent = draft.kind === "correction";
  show(app.root, {
    title: gettext("Une photo, un courriel ?"),
    step: 4,
    body: [
      h("p", { class: "chapeau" }, gettext("Les deux sont facultatifs.")),
      isSent ? null : h("section", { class: "champ", "aria-label": gettext("Photos") },
        h("p", { class: "aide", id: "photo-aide" }, gettext("Trois au plus, réduites sur ce téléphone ; leur position et la marque de l'appareil sont effacées. N'y montrez personne.")),
        input, label, list),
      said,
      field(gettext("Adresse électronique (facultatif)"), email, gettext("Pour recevoir le lien de suivi et la réponse. Jamais publiée, effacée après six mois.")),
      h("label", { class: "case" }, other, gettext("Je saisis pour quelqu'un d'autre : ne retenez pas son adresse")),
    ],
    bar: [button(gettext("Retour"), () => history.back()), next],
  });
  input.setAttribute("aria-describedby", "photo-aide");
  await refresh();
}

/**
 * @param {App} app
 * @param {File} file
 * @param {HTMLElement} said
 */
async function add(app, file, said) {
  const draft = /** @type {DeviceReport} */ (app.draft);
  const taken = (await photosOf(draft.id)).map(({ n }) => n);
  const n = [1, 2, 3].find((one) => !taken.includes(one));
  if (!n) return said.replaceChildren(notice("attente", gettext("Trois photos au plus : les autres n'ont pas été ajoutées.")));
  said.textContent = gettext("La photo est réduite…");
  try {
    const { bytes, type } = await shrink(file);
    const size = bytes.byteLength;
    await app.update((row) => {
      row.photos = [...row.photos.filter((one) => one.n !== n), { n, size, state: "waiting" }];
    }, [{ id: draft.id, n, type, bytes }]);
    said.replaceChildren(interpolate(gettext("Photo ajoutée, %(size)s."), { size: sayBytes(size) }));
  } catch (error) {
    said.replaceChildren(notice("erreur", whyNot(error)));
  }
}

/** @param {unknown} error */
function whyNot(error) {
  if (error instanceof PhotoUnreadable) return error.message;
  if (error instanceof DOMException && error.name === "QuotaExceededError") {
    return gettext("Ce téléphone n'a plus assez de place pour la photo. Votre texte est gardé : continuez sans elle.");
  }
  return gettext("La photo n'a pas pu être gardée sur ce téléphone. Votre texte est gardé : continuez sans elle.");
}

/**
 * @param {App} app
 * @param {Photo} photo
 * @param {() => Promise<void>} refresh
 */
function thumbnail(app, { id, n, type, bytes }, refresh) {
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  const image = h("img", { src: url, alt: interpolate(gettext("Photo %(n)s"), { n }), width: "96", height: "96", onload: () => URL.revokeObjectURL(url) });
  const drop = button(gettext("Retirer"), async () => {
    await removePhoto(id, n);
    await app.update((row) => {
      row.photos = row.photos.filter((one) => one.n !== n);
    });
    await refresh();
  }, "bouton--lien");
  return h("li", {}, image, drop);
}

/**
 * @param {App} app
 * @param {HTMLInputElement} email
 * @param {HTMLInputElement} other
 * @param {HTMLElement} said
 */
async function leave(app, email, other, said) {
  if (!email.checkValidity()) {
    said.replaceChildren(notice("erreur", gettext("Cette adresse électronique n'est pas complète : corrigez-la, ou laissez le champ vide.")));
    email.setAttribute("aria-invalid", "true");
    return email.focus();
  }
  await app.update((row) => {
    row.email = email.value.trim();
    row.other = other.checked;
  });
  await app.go("verifier");
}
