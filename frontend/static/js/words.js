/** What the scripts say, in French, in one place. */

export const WORDS = {
  zoomIn: "Zoomer",
  zoomOut: "Dézoomer",
  close: "Fermer",
  credit: 'Fond de carte : Plan <a href="https://www.ign.fr/">IGN</a>',
  mapName: "Carte",
  searching: "Recherche de votre position…",
  found: (/** @type {string} */ distance) => `Position trouvée, à ${distance} près.`,
  refused: "L'accès à la position est refusé par l'appareil. Donnez le lieu d'une autre façon.",
  unavailable: "La position n'a pas été trouvée. Réessayez dehors, ou donnez le lieu d'une autre façon.",
  under: (/** @type {string} */ place) => `Sous la croix : ${place}.`,
  placed: (/** @type {string} */ place) => `Lieu placé : ${place}.`,
  points: (/** @type {number} */ count) => (count > 1 ? `${count} points sur la carte.` : `${count} point sur la carte.`),
};
