/** Préparer mon téléphone : one commune, one button, its weight before the tap. */

import { gettext, interpolate, ngettext } from "../texts.js";
import { tileUrls } from "./commune.js";
import { button, field, h, notice, sayBytes, sayMoment, show } from "./dom.js";
import { fetchPack, getJson, weighPack } from "./places.js";
import { allPacks, removePack, savePack } from "./store.js";

const TOGETHER = 6;

/** @param {App} app */
export async function draw(app) {
  const ready = h("div", {});
  const offer = h("div", { class: "offre" });
  const found = h("ul", { class: "propositions" });
  const said = h("p", { role: "status" });
  const input = h("input", { type: "search", autocomplete: "off", maxlength: "80" });
  const search = async () => {
    const answer = await getJson(`/api/v1/communes/?q=${encodeURIComponent(input.value.trim())}`);
    if (!answer) return void (said.textContent = gettext("Pas de réseau ici : préparez le téléphone là où il passe, à la mairie par exemple."));
    const communes = answer.json.results ?? [];
    said.textContent = communes.length ? "" : gettext("Aucune commune de ce nom. Essayez le code postal.");
    found.replaceChildren(...communes.slice(0, 8).map((/** @type {any} */ one) => h("li", {}, h("button", { type: "button", class: "proposition", onclick: () => choose(one.code) }, h("strong", {}, one.nom), h("span", { class: "discret" }, (one.codes_postaux ?? []).join(", "))))));
  };
  const choose = async (/** @type {string} */ code) => {
    found.replaceChildren();
    await drawOffer(app, offer, code, said, refresh);
  };
  const refresh = async () => ready.replaceChildren(...(await drawReady(refresh)));
  show(app.root, {
    title: gettext("Préparer mon téléphone"),
    body: [
      h("p", { class: "chapeau" }, gettext("Une fois préparé, ce téléphone trouve votre commune, ses hameaux et ses points connus là où rien ne passe.")),
      ready,
      h("form", { role: "search", onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        search();
      } }, field(gettext("Commune : nom ou code postal"), input), h("p", { class: "boutons" }, h("button", { class: "bouton bouton--second" }, gettext("Chercher")))),
      said, found, offer,
    ],
    bar: [button(gettext("Signaler un lieu"), () => app.go("quoi"), "")],
  });
  await refresh();
  const asked = app.query.get("commune");
  if (asked) await choose(asked);
}

/**
 * What is prepared already.
 * @param {() => Promise<void>} refresh
 */
async function drawReady(refresh) {
  const packs = await allPacks();
  if (!packs.length) return [];
  return [h("ul", { class: "fiches" }, packs.map((pack) => h("li", {}, h("article", { class: "fiche" },
    h("h2", {}, pack.commune.nom),
    h("p", {}, interpolate(gettext("Préparée %(moment)s, %(size)s"), { moment: sayMoment(pack.fetched_at), size: sayBytes(pack.size) }),
      pack.tiles_kept ? interpolate(ngettext(", avec %(count)s carreau de carte", ", avec %(count)s carreaux de carte", pack.tiles_kept), { count: pack.tiles_kept }) : ""),
    h("div", { class: "boutons" }, button(gettext("Retirer"), async () => {
      await removePack(pack.code);
      await globalThis.caches?.delete(`tuiles-${pack.code}`);
      await refresh();
    }, "bouton--lien"))))))];
}

/**
 * The button, its weight, and the choice of the map.
 * @param {App} app
 * @param {HTMLElement} box
 * @param {string} code
 * @param {HTMLElement} said
 * @param {() => Promise<void>} refresh
 */
async function drawOffer(app, box, code, said, refresh) {
  const weight = await weighPack(code);
  if (!weight?.ok) {
    said.textContent = weight ? gettext("Cette commune n'est pas ouverte sur ce site.") : gettext("Pas de réseau ici : préparez le téléphone là où il passe, à la mairie par exemple.");
    return;
  }
  const { size, mapSize } = weight;
  const withMap = h("input", { type: "checkbox" });
  const start = button(interpolate(gettext("Préparer (%(size)s)"), { size: sayBytes(size) }), async () => {
    start.disabled = true;
    said.textContent = gettext("Préparation…");
    try {
      const pack = await fetchPack(code, size);
      if (withMap.checked) await keepTiles(pack, (done, count) => {
        said.textContent = interpolate(gettext("Carte : %(done)s sur %(count)s"), { done, count });
      });
      said.replaceChildren(notice("succes", interpolate(gettext("Ce téléphone est prêt pour %(commune)s."), { commune: pack.commune.nom })));
      box.replaceChildren();
      await refresh();
      said.scrollIntoView({ block: "center" });
    } catch (error) {
      start.disabled = false;
      said.replaceChildren(notice("erreur", error instanceof DOMException && error.name === "QuotaExceededError" ? gettext("Ce téléphone n'a plus assez de place : essayez sans la carte.") : gettext("Le réseau a lâché avant la fin : réessayez, rien n'est abîmé.")));
    }
  }, "bouton--large");
  const name = await getJson(`/api/v1/communes/${encodeURIComponent(code)}/`);
  box.replaceChildren(
    h("h2", {}, name?.json?.nom ?? code),
    app.config.tuiles && mapSize ? h("label", { class: "case" }, withMap, interpolate(gettext("Avec la carte, pour voir les chemins (environ %(size)s)"), { size: sayBytes(mapSize) })) : h("span", {}),
    h("p", { class: "boutons" }, start));
  start.focus();
}

/**
 * Keep the map's tiles of the commune, few at a time; one that fails is simply not there.
 * @param {any} pack
 * @param {(done: number, count: number) => void} tell
 */
async function keepTiles(pack, tell) {
  const urls = tileUrls(pack);
  const cache = await caches.open(`tuiles-${pack.code}`);
  let done = 0;
  let kept = 0;
  for (let first = 0; first < urls.length; first += TOGETHER) {
    await Promise.all(urls.slice(first, first + TOGETHER).map(async (/** @type {string} */ url) => {
      const answer = await fetch(url, { mode: "cors", credentials: "omit" }).catch(() => null);
      if (answer?.ok) {
        await cache.put(url, answer);
        kept += 1;
      }
      done += 1;
    }));
    tell(done, urls.length);
  }
  await savePack({ ...pack, tiles_kept: kept });
}
