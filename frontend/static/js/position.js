/** The device's position, asked once, with words for each outcome. */

import { sayDistance } from "./coordinates.js";
import { WORDS } from "./words.js";

/** Good enough to stop listening, in metres. */
const GOOD_M = 20;
/** A cold receiver may take a minute; past this we keep the best fix. */
const LONGEST_MS = 90000;

/**
 * Listen until the fix is good or the time is out, telling each better fix.
 * @param {object} on
 * @param {(fix: GeolocationCoordinates) => void} on.better called for each better fix
 * @param {(text: string) => void} on.say called with what to show
 * @param {() => void} [on.done] called once at the end, found or not
 * @returns {() => void} stops listening and keeps the best fix: the person finds it good enough
 */
export function findPosition({ better, say, done = () => {} }) {
  if (!("geolocation" in navigator)) {
    say(WORDS.unavailable);
    done();
    return () => {};
  }
  /** @type {GeolocationCoordinates | null} */
  let best = null;
  let over = false;
  const stop = () => {
    if (over) return;
    over = true;
    navigator.geolocation.clearWatch(watch);
    clearTimeout(alarm);
    if (!best) say(WORDS.unavailable);
    done();
  };
  const alarm = setTimeout(stop, LONGEST_MS);
  say(WORDS.searching);
  const watch = navigator.geolocation.watchPosition(
    ({ coords }) => {
      if (best && coords.accuracy >= best.accuracy) return;
      best = coords;
      better(coords);
      say(WORDS.found(sayDistance(coords.accuracy)));
      if (coords.accuracy <= GOOD_M) stop();
    },
    (error) => {
      // A pause in the signal is not the end: listening goes on until the time is out.
      if (best || over || error.code !== error.PERMISSION_DENIED) return;
      over = true;
      clearTimeout(alarm);
      navigator.geolocation.clearWatch(watch);
      say(WORDS.refused);
      done();
    },
    { enableHighAccuracy: true, maximumAge: 10000, timeout: LONGEST_MS },
  );
  return stop;
}
