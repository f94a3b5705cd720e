/** What the maps and the position say, in one place. */

import { gettext, interpolate, ngettext } from "./texts.js";

export const WORDS = {
  zoomIn: gettext("Zoomer"),
  zoomOut: gettext("Dézoomer"),
  close: gettext("Fermer"),
  credit: gettext("Fond de carte : Plan <a href=\"https://www.ign.fr/\">IGN</a>"),
  mapName: gettext("Carte"),
  searching: gettext("Recherche de votre position…"),
  found: (/** @type {string} */ distance) => interpolate(gettext("Position trouvée, à %(distance)s près."), { distance }),
  refused: gettext("L'accès à la position est refusé par l'appareil. Donnez le lieu d'une autre façon."),
  unavailable: gettext("La position n'a pas été trouvée. Réessayez dehors, ou donnez le lieu d'une autre façon."),
  under: (/** @type {string} */ place) => interpolate(gettext("Sous la croix : %(place)s."), { place }),
  placed: (/** @type {string} */ place) => interpolate(gettext("Lieu placé : %(place)s."), { place }),
  inView: (/** @type {number} */ count, /** @type {string} */ shown) =>
    interpolate(ngettext("%(shown)s objet dans cette vue.", "%(shown)s objets dans cette vue.", count), { shown }),
  aboutInView: (/** @type {string} */ shown) => interpolate(gettext("Au moins %(shown)s objets dans cette vue."), { shown }),
  nothingInView: gettext("Aucun objet dans cette vue : éloignez la carte ou changez les filtres."),
  firstOnes: (/** @type {string} */ shown) =>
    interpolate(gettext("Voici les %(shown)s premiers : rapprochez la carte pour voir les autres."), { shown }),
  here: (/** @type {string} */ shown) => interpolate(gettext("%(shown)s objets autour d'ici : rapprocher la carte"), { shown }),
  notFound: gettext("La carte n'a pas pu être mise à jour. La liste et les filtres marchent toujours ; réessayez."),
  points: (/** @type {number} */ count) =>
    interpolate(ngettext("%(count)s point sur la carte.", "%(count)s points sur la carte.", count), { count }),
};
