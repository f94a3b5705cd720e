/** The author's follow-up: reads the link's fragment, which no server sees, and tells the story. */

/**
 * @typedef {{at: string, status: string, status_label: string, who: string, public_reason: string,
 *   corrected: boolean, appeal: boolean, body: string,
 *   changes: {label: string, before: string, after: string}[]}} Step
 * @typedef {{id: string, couche_title: string, commune: {nom: string}, steps: Step[],
 *   answers: {label: string, value: string}[], may_withdraw: boolean, may_answer: boolean,
 *   may_correct: boolean, correct_until: string | null, may_appeal: boolean}} Story
 */

const CODE = /^#?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([A-Za-z0-9_-]{22,128})$/i;

/**
 * The id and the secret of a link's fragment, or null when it holds none.
 * @param {string} fragment
 * @returns {{id: string, secret: string} | null}
 */
export function readFragment(fragment) {
  const found = CODE.exec(fragment);
  return found ? { id: found[1].toLowerCase(), secret: found[2] } : null;
}

/**
 * A moment as French people write it: « 3 mars 2026 à 14:02 ».
 * @param {string} iso
 * @returns {string}
 */
export function frenchMoment(iso) {
  return new Intl.DateTimeFormat("fr-FR", { dateStyle: "long", timeStyle: "short", timeZone: "Europe/Paris" }).format(
    new Date(iso),
  );
}

/**
 * An hour as French people write it: « 15 h 04 ».
 * @param {string} iso
 * @returns {string}
 */
export function frenchHour(iso) {
  const clock = new Intl.DateTimeFormat("fr-FR", { hour: "numeric", minute: "2-digit", timeZone: "Europe/Paris" });
  const parts = new Map(clock.formatToParts(new Date(iso)).map(({ type, value }) => [type, value]));
  return `${Number(parts.get("hour"))} h ${parts.get("minute")}`;
}

/**
 * @param {HTMLElement} section
 * @param {string} name
 * @returns {HTMLElement}
 */
function part(section, name) {
  return /** @type {HTMLElement} */ (section.querySelector(`[data-${name}]`));
}

/**
 * A sentence the page holds, so that it is translated with the rest.
 * @param {HTMLElement} section
 * @param {string} name
 * @returns {string}
 */
function word(section, name) {
  return section.querySelector(`[data-mot="${name}"]`)?.textContent ?? "";
}

/**
 * @param {string} answer
 * @param {string} before
 * @param {string} after
 */
function drawChange(answer, before, after) {
  const line = document.createElement("p");
  line.className = "discret";
  const [was, is] = [document.createElement("del"), document.createElement("ins")];
  [was.textContent, is.textContent] = [before, after || "–"];
  line.append(`${answer} : `, ...(before ? [was, " "] : []), is);
  return line;
}

/**
 * @param {HTMLElement} section
 * @param {Step} step
 * @returns {HTMLLIElement}
 */
function drawStep(section, step) {
  const line = document.createElement("li");
  const name = step.corrected ? "CORRECTED" : CSS.escape(step.status);
  const shape = section.querySelector(`template[data-forme="${name}"]`);
  if (shape instanceof HTMLTemplateElement) line.append(shape.content.cloneNode(true));
  const label = line.querySelector(".etat > span");
  if (label && !step.corrected) label.textContent = step.status_label;
  const time = document.createElement("time");
  time.dateTime = step.at;
  time.textContent = frenchMoment(step.at);
  line.append(time);
  for (const { label: answer, before, after } of step.changes) line.append(drawChange(answer, before, after));
  if (step.corrected) {
    const what = document.createElement("p");
    what.className = "discret";
    what.textContent = step.public_reason;
    line.append(what);
  } else if (step.public_reason) {
    const quote = document.createElement("blockquote");
    quote.className = "citation";
    const said = document.createElement("p");
    said.textContent = step.public_reason;
    const footer = document.createElement("footer");
    footer.textContent = (step.who === "mairie" && step.body) || word(section, step.who);
    quote.append(said, footer);
    line.append(quote);
  }
  if (step.appeal) {
    const asked = document.createElement("p");
    asked.className = "discret";
    asked.textContent = word(section, "demande").replace("{niveau}", step.body);
    line.append(asked);
  }
  return line;
}

/**
 * @param {HTMLElement} section
 * @param {Story} story
 */
function draw(section, story) {
  part(section, "resume").textContent = `${story.couche_title}, ${story.commune.nom}`;
  part(section, "frise").replaceChildren(...story.steps.map((step) => drawStep(section, step)));
  part(section, "reponses").replaceChildren(
    ...story.answers.map(({ label, value }) => {
      const pair = document.createElement("div");
      const term = document.createElement("dt");
      const said = document.createElement("dd");
      term.textContent = label;
      said.textContent = value;
      pair.append(term, said);
      return pair;
    }),
  );
  part(section, "repondre").hidden = !story.may_answer;
  part(section, "retirer").hidden = !story.may_withdraw;
  part(section, "corriger").hidden = !story.may_correct;
  part(section, "recours").hidden = !story.may_appeal;
  if (story.correct_until) {
    const until = frenchHour(story.correct_until);
    part(section, "corriger-mot").textContent = word(section, "corriger").replace("{heure}", until);
  }
  part(section, "histoire").hidden = false;
}

/**
 * @param {{id: string, secret: string}} code
 * @param {string} verb
 * @param {object} [body]
 * @returns {Promise<{ok: boolean, status: number, document: any}>}
 */
async function ask(code, verb, body) {
  const answer = await fetch(`/api/v1/contributions/${code.id}/${verb}/`, {
    method: verb === "suivi" ? "GET" : "POST",
    headers: { "X-Suivi": code.secret, ...(body ? { "Content-Type": "application/json" } : {}) },
    body: body ? JSON.stringify(body) : undefined,
    credentials: "omit",
    cache: "no-store",
  });
  return { ok: answer.ok, status: answer.status, document: await answer.json() };
}

/**
 * @param {HTMLElement} section
 * @param {{id: string, secret: string}} code
 * @param {string} verb
 * @param {object} [body]
 */
async function tell(section, code, verb, body) {
  const state = part(section, "etat-page");
  state.hidden = false;
  state.classList.remove("avis--erreur");
  try {
    const { ok, status, document: answer } = await ask(code, verb, body);
    if (ok) {
      draw(section, answer);
      state.hidden = verb === "suivi";
      state.textContent = word(section, "fait");
      return;
    }
    state.textContent = status === 404 ? word(section, "introuvable") : answer.detail;
  } catch {
    // The network or the server: nothing was lost, the person is told to try again.
    state.textContent = word(section, "panne");
  }
  state.classList.add("avis--erreur");
}

/**
 * @param {HTMLElement} section
 * @param {string} fragment
 */
export function enhance(section, fragment) {
  const code = readFragment(fragment);
  section.hidden = code === null;
  // Whoever holds a link needs neither to paste it nor to look for it.
  for (const other of /** @type {NodeListOf<HTMLElement>} */ (
    document.querySelectorAll("[data-coller], [data-retrouver]")
  )) {
    other.hidden = code !== null;
  }
  if (code === null) return;
  for (const field of /** @type {NodeListOf<HTMLInputElement>} */ (section.querySelectorAll("[data-code]"))) {
    field.value = `${code.id}.${code.secret}`;
  }
  const message = /** @type {HTMLTextAreaElement} */ (section.querySelector("[data-message]"));
  part(section, "envoyer").onclick = () => tell(section, code, "reponse", { message: message.value });
  part(section, "confirmer").onclick = () => tell(section, code, "retrait");
  tell(section, code, "suivi");
}

/** The device's own list, fetched only where there is room for one. */
async function showDevice() {
  const box = /** @type {HTMLElement | null} */ (document.querySelector("[data-appareil]"));
  if (!box || readFragment(location.hash)) return;
  const { drawDeviceList } = await import("./signaler/device_list.js");
  await drawDeviceList(box);
}

if (typeof document !== "undefined") {
  // A private window may refuse its storage: the pasted link still works.
  showDevice().catch((error) => console.info("no device list:", error.message));
  const section = /** @type {HTMLElement | null} */ (document.querySelector("section[data-suivi]"));
  if (section) {
    enhance(section, location.hash);
    window.addEventListener("hashchange", () => enhance(section, location.hash));
  }
}
