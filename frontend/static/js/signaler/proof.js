/** Proof of work, ALTCHA version 2 (PBKDF2): a fraction of a second for a person, a price for a robot. */

/** Beyond it the challenge is not one of ours. */
const LAST_COUNTER = 20000;
/** Tried together: the browser derives keys outside the main thread. */
const TOGETHER = 4;

/**
 * @param {string} hex
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function fromHex(hex) {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/**
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function toHex(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The key of one counter, in hexadecimal.
 * @param {{nonce: string, salt: string, cost: number, keyLength: number, algorithm: string}} parameters
 * @param {number} counter
 * @returns {Promise<string>}
 */
async function deriveKey({ nonce, salt, cost, keyLength, algorithm }, counter) {
  const password = new Uint8Array(nonce.length / 2 + 4);
  password.set(fromHex(nonce));
  new DataView(password.buffer).setUint32(nonce.length / 2, counter);
  const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
  const hash = algorithm.split("/")[1] ?? "SHA-256";
  const bits = await crypto.subtle.deriveBits(
    { name: "PBKDF2", salt: fromHex(salt), iterations: cost, hash },
    key,
    keyLength * 8,
  );
  return toHex(new Uint8Array(bits));
}

/**
 * Solve a challenge; returns the payload to send, or null where the browser cannot (page not secure).
 * @param {{parameters: any, signature: string}} challenge
 * @returns {Promise<string | null>} base64 of `{challenge, solution}`
 */
export async function solve(challenge) {
  if (!globalThis.crypto?.subtle) return null;
  const { parameters } = challenge;
  for (let first = 0; first <= LAST_COUNTER; first += TOGETHER) {
    const counters = Array.from({ length: TOGETHER }, (_, rank) => first + rank);
    const keys = await Promise.all(counters.map((counter) => deriveKey(parameters, counter)));
    const rank = keys.findIndex((key) => key.startsWith(parameters.keyPrefix));
    if (rank >= 0) {
      const solution = { counter: counters[rank], derivedKey: keys[rank] };
      return btoa(JSON.stringify({ challenge, solution }));
    }
  }
  return null;
}
