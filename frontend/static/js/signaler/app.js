/** The report page: which screen for which address, and the draft they share. */

import { gettext } from "../texts.js";
import { show } from "./dom.js";
import { newDraft } from "./draft.js";
import { register } from "./register.js";
import { allPacks, allReports, openStore, purge, readReport, readSetting, saveReport, saveSetting } from "./store.js";

/** Each screen is a module fetched when it opens; the service worker has them all at hand. */
const SCREENS = {
  quoi: () => import("./what.js"),
  ou: () => import("./where.js"),
  deja: () => import("./near.js"),
  precisez: () => import("./details.js"),
  photo: () => import("./extras.js"),
  verifier: () => import("./review.js"),
  quand: () => import("./when.js"),
  recu: () => import("./receipt.js"),
  envois: () => import("./outbox.js"),
  preparer: () => import("./prepare.js"),
  guichet: () => import("./desk.js"),
};
/** What needs a draft: without one, the page starts from the beginning. */
const OF_A_DRAFT = ["ou", "deja", "precisez", "photo", "verifier", "quand"];

/**
 * @param {HTMLElement} main
 * @returns {Promise<App>}
 */
async function start(main) {
  const root = document.createElement("div");
  root.className = "appli";
  const live = document.createElement("p");
  live.className = "visuellement-cache";
  live.setAttribute("role", "status");
  /** @type {Promise<void>} */
  let turn = Promise.resolve();
  /** @type {App} */
  const app = {
    root,
    query: new URLSearchParams(location.search),
    config: { ...main.dataset },
    forms: [],
    draft: null,
    receipt: null,
    kept: {},
    leave: null,
    near: null,
    appear: () => {},
    form: (slug) => app.forms.find((form) => form.slug === slug),
    say: (text) => {
      live.textContent = text;
    },
    go: (screen, { replace = false } = {}) => {
      history[replace ? "replaceState" : "pushState"](null, "", `#${screen}`);
      return draw(app);
    },
    update: (change, photos = []) => {
      // One after the other: two changes made together must both be there in the end.
      const mine = turn.then(() => update(app, change, photos));
      turn = mine.catch(() => {});
      return mine;
    },
    begin: async (form, known = {}) => {
      const others = Boolean(await readSetting("others"));
      const email = others ? "" : ((await readSetting("email")) ?? "");
      const embed = app.query.get("source") === "embed";
      app.draft = newDraft(form, { email, other: others, embed, ...app.kept, ...known });
    },
  };
  await loadForms(app);
  // The server's page stays in sight until the first screen is at hand.
  app.appear = () => {
    if (!root.isConnected) main.replaceChildren(live, root);
  };
  return app;
}

/**
 * @param {App} app
 * @param {(draft: DeviceReport) => void} change
 * @param {Photo[]} photos
 */
async function update(app, change, photos) {
  if (!app.draft) return;
  const draft = JSON.parse(JSON.stringify(app.draft));
  change(draft);
  // A correction of what was sent is only written when it is ready to go.
  // Nor is what a clerk types for somebody: it is kept once whole.
  if (draft.kind === "report" && !draft.desk) {
    await saveReport(draft, photos);
    await saveSetting("current", draft.id);
  }
  app.draft = draft;
}

/**
 * The forms come with the shell; a stale page without network still has those it kept.
 * @param {App} app
 */
async function loadForms(app) {
  try {
    const answer = await fetch(app.config.formulaires ?? "", { credentials: "omit" });
    app.forms = (await answer.json()).couches;
    await saveSetting("forms", app.forms);
  } catch {
    app.forms = (await readSetting("forms")) ?? [];
  }
}

/**
 * Draw the screen that the address names.
 * @param {App} app
 * @param {boolean} [first]
 */
async function draw(app, first = false) {
  const [name, ...rest] = location.hash.slice(1).split("-");
  const known = Object.keys(SCREENS).includes(name) ? /** @type {keyof typeof SCREENS} */ (name) : home(app);
  app.leave?.();
  app.leave = null;
  if (OF_A_DRAFT.includes(known) && !app.draft) app.draft = await lastDraft();
  const lacking = OF_A_DRAFT.includes(known) && !(app.draft && app.form(app.draft.couche));
  try {
    const screen = await SCREENS[lacking ? "quoi" : known]();
    app.appear();
    await screen.draw(app, rest.join("-"), first);
  } catch (error) {
    // A file of this screen is out of reach: what was entered is kept, and the screen can be asked again.
    app.appear();
    show(app.root, { title: gettext("Cet écran n'a pas pu s'ouvrir"), body: [retry(app)] });
    console.error(error);
  }
}

/** @param {App} app */
function retry(app) {
  const again = document.createElement("button");
  again.className = "bouton";
  again.textContent = gettext("Réessayer");
  again.onclick = () => draw(app);
  return again;
}

/** @param {App} app */
function home(app) {
  return app.query.has("guichet") ? "guichet" : "quoi";
}

/** @returns {Promise<DeviceReport | null>} the draft under way, when the page was closed in the middle */
async function lastDraft() {
  const id = await readSetting("current");
  const report = id ? await readReport(id) : undefined;
  return report?.state === "draft" ? report : null;
}

/**
 * An address may spare steps: `?couche=zones-blanches` begins there, `?feature=` at a known place.
 * @param {App} app
 */
async function followAddress(app) {
  if (await followFeature(app)) return;
  const form = app.form(app.query.get("couche") ?? "");
  if (!form || location.hash || app.query.has("guichet")) return;
  await app.begin(form);
  history.replaceState(null, "", "#ou");
}

/**
 * The server shows known places itself; without network, a pack may still know this one.
 * @param {App} app
 */
async function followFeature(app) {
  const id = app.query.get("feature");
  if (!id || location.hash) return false;
  const found = (await allPacks()).flatMap(({ features }) => features).find((one) => one.id === id);
  const form = found && app.form(found.couche);
  if (!form) return false;
  const place = { lon: found.lon, lat: found.lat, accuracy: null, source: "list" };
  await app.begin(form, { operation: "confirm", feature: id, feature_title: found.title, place });
  history.replaceState(null, "", "#precisez");
  return true;
}

/** @param {HTMLElement} main */
async function boot(main) {
  const app = await start(main);
  await followAddress(app);
  await draw(app, true);
  addEventListener("hashchange", () => draw(app));
  document.documentElement.dataset.pret = "";
  const reports = await allReports();
  const isWriting = reports.some(({ state }) => state === "draft") || Boolean(location.hash);
  register(main.dataset.travailleur ?? "/sw.js", { calm: !isWriting });
  if (reports.some(({ state }) => state === "waiting")) await (await import("./triggers.js")).sendNow();
  await purge(Date.now());
}

/**
 * Without a place to keep reports (a private window, an old browser), the plain page does the work.
 * @param {HTMLElement} main
 */
async function stayPlain({ dataset }) {
  if (!document.querySelector("[data-carte-placer]")) return;
  const { loadLeaflet } = await import("./map_way.js");
  await loadLeaflet(dataset).catch(() => {});
  await import("../cartes.js");
}

const main = document.querySelector("main[data-signaler]");
if (main instanceof HTMLElement) {
  Promise.resolve().then(openStore).then(() => boot(main), () => stayPlain(main));
}
