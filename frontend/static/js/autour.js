/** « Autour de moi »: the device's position leads to its commune's page. */

import { writeDegrees } from "./coordinates.js";
import { WORDS } from "./words.js";

document.documentElement.classList.add("avec-script");
for (const button of document.querySelectorAll("[data-autour]")) wire(/** @type {HTMLElement} */ (button));

/** @param {HTMLElement} button */
function wire(button) {
  const state = /** @type {HTMLElement} */ (document.querySelector("[data-autour-etat]"));
  button.addEventListener("click", () => {
    state.textContent = WORDS.searching;
    // A commune is wide: the network's rough position is enough, and quicker.
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const query = new URLSearchParams({ lon: writeDegrees(coords.longitude), lat: writeDegrees(coords.latitude) });
        location.assign(`${button.dataset.autour}?${query}`);
      },
      (error) => {
        state.textContent = error.code === error.PERMISSION_DENIED ? WORDS.refused : WORDS.unavailable;
      },
      { enableHighAccuracy: false, maximumAge: 60000, timeout: 20000 },
    );
  });
}
