/** Passkeys and security keys: asks the browser for a proof, puts it in the form, sends the form. */

import { gettext } from "./texts.js";

const WORDS = {
  unable: gettext("Ce navigateur ne connaît pas les clés, ou pas à cette adresse : prenez une application de codes."),
  waiting: gettext("Suivez ce que demande votre appareil…"),
  refused: gettext("La clé n'a pas répondu, ou vous avez annulé. Recommencez quand vous voulez."),
  known: gettext("Cet appareil a déjà une clé pour votre compte."),
};

/**
 * @param {string} text base64url
 * @returns {ArrayBuffer}
 */
export function toBytes(text) {
  const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(binary, (sign) => sign.charCodeAt(0)).buffer;
}

/**
 * @param {ArrayBuffer} bytes
 * @returns {string} base64url without padding
 */
export function toText(bytes) {
  const binary = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/**
 * The options of the server, whose bytes came as text.
 * @param {any} options `publicKey` of WebAuthn Level 3's JSON form
 * @returns {any}
 */
export function readOptions(options) {
  const own = (/** @type {any} */ one) => ({ ...one, id: toBytes(one.id) });
  const read = { ...options, challenge: toBytes(options.challenge) };
  if (options.user) read.user = own(options.user);
  for (const list of ["excludeCredentials", "allowCredentials"]) {
    if (options[list]) read[list] = options[list].map(own);
  }
  return read;
}

/**
 * A credential as JSON, its bytes as text.
 * @param {any} credential PublicKeyCredential
 * @returns {Record<string, any>}
 */
export function writeCredential(credential) {
  /** @type {Record<string, any>} */
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  return {
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? null,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  };
}

/** @param {HTMLFormElement} form */
function wire(form) {
  const state = /** @type {HTMLElement} */ (form.querySelector("[data-cle-etat]"));
  const tell = (/** @type {string} */ text) => {
    state.textContent = text;
    state.hidden = false;
  };
  if (!window.PublicKeyCredential) return tell(WORDS.unable);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    tell(WORDS.waiting);
    const source = document.getElementById(form.dataset.options ?? "");
    const publicKey = readOptions(JSON.parse(source?.textContent ?? "{}").publicKey);
    const ask = form.dataset.cle === "creer" ? "create" : "get";
    try {
      const credential = await navigator.credentials[ask]({ publicKey });
      const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("credential"));
      field.value = JSON.stringify(writeCredential(credential));
      form.submit();
    } catch (error) {
      const { name } = /** @type {DOMException} */ (error);
      tell({ InvalidStateError: WORDS.known, SecurityError: WORDS.unable }[name] ?? WORDS.refused);
    }
  });
}

if (typeof document !== "undefined") {
  for (const form of document.querySelectorAll("form[data-cle]")) wire(/** @type {HTMLFormElement} */ (form));
  for (const button of document.querySelectorAll("[data-imprimer]")) {
    /** @type {HTMLElement} */ (button).hidden = false;
    button.addEventListener("click", () => window.print());
  }
}
