/** On every page of the site: how many reports still wait on this device, and one more chance to send them. */

import { gettext, interpolate, ngettext } from "./texts.js";

const DATABASE = "reperes";

/** @returns {Promise<number>} 0 where nothing was ever kept: looking must not create a database */
function countWaiting() {
  return new Promise((resolve) => {
    const request = indexedDB.open(DATABASE);
    request.onupgradeneeded = () => request.transaction?.abort();
    request.onerror = () => resolve(0);
    request.onsuccess = () => {
      const db = request.result;
      const reports = db.transaction(["reports"]).objectStore("reports").getAll();
      reports.onerror = () => resolve(0);
      reports.onsuccess = () => {
        db.close();
        resolve(reports.result.filter(({ state }) => state === "waiting" || state === "refused").length);
      };
    };
  });
}

async function show() {
  const count = await countWaiting();
  if (!count) return;
  const tab = document.createElement("a");
  tab.className = "attente";
  tab.href = "/signaler/#envois";
  tab.textContent = interpolate(ngettext("%(count)s signalement en attente sur cet appareil", "%(count)s signalements en attente sur cet appareil", count), { count });
  tab.title = gettext("Voir mes envois");
  document.querySelector("header")?.append(tab);
  const { sendNow } = await import("./signaler/triggers.js");
  await sendNow();
  if ((await countWaiting()) === 0) tab.remove();
}

// A private window may refuse its storage: then nothing waits there either.
if (typeof indexedDB !== "undefined") show().catch((error) => console.info("no queue:", error.message));
