/** Why a report still waits, in words. */

import { gettext, interpolate } from "../texts.js";
import { sayTime } from "./dom.js";

/**
 * @param {DeviceReport} report
 * @returns {string}
 */
export function sayHeld(report) {
  const why = {
    network: gettext("Le réseau ne répond pas encore."),
    portal: gettext("Ce wifi demande d'abord une connexion dans le navigateur : ouvrez sa page d'accueil."),
    server: gettext("Le site est en panne un moment. Rien n'est perdu."),
    limit: gettext("Beaucoup d'envois partent d'ici en ce moment : le vôtre attend son tour."),
    pause: report.error?.detail,
    signin: gettext("Connectez-vous à l'espace mairie : cet envoi attend votre compte."),
    stale: gettext("Connectez-vous de nouveau à l'espace mairie."),
  }[report.held];
  if (!why) return gettext("Envoi en cours…");
  if (report.not_before <= Date.now()) return why;
  return `${why} ${interpolate(gettext("Nouvel essai à %(time)s."), { time: sayTime(new Date(report.not_before).toISOString()) })}`;
}
