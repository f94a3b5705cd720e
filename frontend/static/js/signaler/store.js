/**
 * What this device keeps: reports, their photos, settings, commune packs (IndexedDB).
 *
 * Shared by the page and the service worker: no DOM here. Photos are ArrayBuffers, since old
 * WebKit loses Blobs. An upgrade adds to what is there and never wipes it.
 */

export const DATABASE = "reperes";
const CHANNEL = "reperes-file";
/** Days a settled report stays in the device's list, and the longest any stays. */
const KEPT_DAYS = 30;
const LONGEST_DAYS = 365;

/**
 * One step per version ever deployed, in order; a step is never edited once shipped.
 * @type {((db: IDBDatabase) => void)[]}
 */
const MIGRATIONS = [
  (db) => {
    db.createObjectStore("reports", { keyPath: "id" });
    db.createObjectStore("photos", { keyPath: ["id", "n"] });
    db.createObjectStore("settings", { keyPath: "key" });
  },
  (db) => {
    db.createObjectStore("packs", { keyPath: "code" });
  },
];
export const VERSION = MIGRATIONS.length;

/** @type {Promise<IDBDatabase> | null} */
let opened = null;

/**
 * The database, opened once.
 * @returns {Promise<IDBDatabase>}
 */
export function openStore() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, VERSION);
    request.onupgradeneeded = ({ oldVersion }) => {
      for (const migrate of MIGRATIONS.slice(oldVersion)) migrate(request.result);
    };
    request.onsuccess = () => {
      // Another tab brings a newer version, or erases all: let it.
      request.result.onversionchange = () => closeStore();
      request.result.onclose = () => {
        opened = null;
      };
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
  });
  opened.catch(() => {
    opened = null;
  });
  return opened;
}

/**
 * Whether this device ever kept anything here; asking creates nothing.
 * @returns {Promise<boolean>}
 */
export function hasStore() {
  return new Promise((resolve) => {
    if (!("indexedDB" in globalThis)) return resolve(false);
    const request = indexedDB.open(DATABASE);
    request.onupgradeneeded = () => request.transaction?.abort();
    request.onerror = () => resolve(false);
    request.onsuccess = () => {
      request.result.close();
      resolve(true);
    };
  });
}

/** Close the database; the next call opens it again. */
export function closeStore() {
  opened?.then((db) => db.close()).catch(() => {});
  opened = null;
}

/**
 * Run one transaction; resolves once it is on disk, rejects (QuotaExceededError included) when it is not.
 * @template T
 * @param {string[]} names
 * @param {IDBTransactionMode} mode
 * @param {(transaction: IDBTransaction, keep: (value: T) => void) => void} work
 * @returns {Promise<T>}
 */
async function within(names, mode, work) {
  const db = await openStore();
  return new Promise((resolve, reject) => {
    // On disk, not in the system's hands: phones are switched off without a word.
    const transaction = db.transaction(names, mode, { durability: "strict" });
    /** @type {any} */
    let kept;
    transaction.oncomplete = () => resolve(kept);
    transaction.onabort = () => reject(transaction.error ?? new DOMException("aborted", "AbortError"));
    work(transaction, (value) => {
      kept = value;
    });
  });
}

/**
 * @template T
 * @param {string} name
 * @param {(store: IDBObjectStore) => IDBRequest<T>} ask
 * @returns {Promise<T>}
 */
function read(name, ask) {
  return within([name], "readonly", (transaction, keep) => {
    const request = ask(transaction.objectStore(name));
    request.onsuccess = () => keep(request.result);
  });
}

/** @returns {Promise<DeviceReport[]>} every report, oldest first */
export async function allReports() {
  const reports = /** @type {DeviceReport[]} */ (await read("reports", (store) => store.getAll()));
  return reports.sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
}

/**
 * @param {string} id
 * @returns {Promise<DeviceReport | undefined>}
 */
export function readReport(id) {
  return read("reports", (store) => store.get(id));
}

/**
 * Write a report and, in the same transaction, photos added to it.
 * @param {DeviceReport} report
 * @param {Photo[]} [photos]
 */
export function saveReport(report, photos = []) {
  return within(["reports", "photos"], "readwrite", (transaction) => {
    for (const photo of photos) transaction.objectStore("photos").put(photo);
    transaction.objectStore("reports").put(report);
  });
}

/**
 * Read, change and write a report in one transaction, so that two tabs never undo one another.
 * @param {string} id
 * @param {(report: DeviceReport) => void} change synchronous
 * @returns {Promise<DeviceReport | undefined>} what was written, undefined when it is gone
 */
export function changeReport(id, change) {
  return within(["reports"], "readwrite", (transaction, keep) => {
    const store = transaction.objectStore("reports");
    const request = store.get(id);
    request.onsuccess = () => {
      if (!request.result) return;
      try {
        change(request.result);
      } catch (error) {
        // A damaged row: nothing is written, and whoever asked is told.
        console.error(error);
        transaction.abort();
        return;
      }
      store.put(request.result);
      keep(request.result);
    };
  });
}

/**
 * Delete a report and its photos.
 * @param {string} id
 */
export function removeReport(id) {
  return within(["reports", "photos"], "readwrite", (transaction) => {
    transaction.objectStore("reports").delete(id);
    transaction.objectStore("photos").delete(IDBKeyRange.bound([id, 0], [id, 9]));
  });
}

/**
 * Give a report and its photos another id and secret: all or nothing, or it would be sent twice.
 * @param {string} id
 * @param {string} newId
 * @param {string} secret
 */
export function renameReport(id, newId, secret) {
  return within(["reports", "photos"], "readwrite", (transaction) => {
    const reports = transaction.objectStore("reports");
    const photos = transaction.objectStore("photos");
    const report = reports.get(id);
    report.onsuccess = () => {
      if (!report.result) return;
      reports.put({ ...report.result, id: newId, secret, frozen: null, tries: 0 });
      reports.delete(id);
    };
    const range = IDBKeyRange.bound([id, 0], [id, 9]);
    const found = photos.getAll(range);
    found.onsuccess = () => {
      photos.delete(range);
      for (const photo of found.result) photos.put({ ...photo, id: newId });
    };
  });
}

/**
 * @param {string} id
 * @returns {Promise<Photo[]>}
 */
export function photosOf(id) {
  return read("photos", (store) => store.getAll(IDBKeyRange.bound([id, 0], [id, 9])));
}

/**
 * @param {string} id
 * @param {number} n
 */
export function removePhoto(id, n) {
  return within(["photos"], "readwrite", (transaction) => transaction.objectStore("photos").delete([id, n]));
}

/**
 * @param {string} key
 * @returns {Promise<any>} undefined when it was never set
 */
export async function readSetting(key) {
  return (await read("settings", (store) => store.get(key)))?.value;
}

/**
 * @param {string} key
 * @param {any} value
 */
export function saveSetting(key, value) {
  return within(["settings"], "readwrite", (transaction) => transaction.objectStore("settings").put({ key, value }));
}

/**
 * Take a named lease unless somebody holds it: the lock of browsers without Web Locks.
 * @param {string} key
 * @param {number} until milliseconds
 * @param {number} now
 * @returns {Promise<boolean>}
 */
export function takeLease(key, until, now) {
  return within(["settings"], "readwrite", (transaction, keep) => {
    const store = transaction.objectStore("settings");
    const request = store.get(key);
    request.onsuccess = () => {
      const free = !(request.result?.value > now);
      if (free) store.put({ key, value: until });
      keep(free);
    };
  });
}

/** @returns {Promise<any[]>} commune packs */
export function allPacks() {
  return read("packs", (store) => store.getAll());
}

/** @param {{code: string}} pack */
export function savePack(pack) {
  return within(["packs"], "readwrite", (transaction) => transaction.objectStore("packs").put(pack));
}

/** @param {string} code */
export function removePack(code) {
  return within(["packs"], "readwrite", (transaction) => transaction.objectStore("packs").delete(code));
}

/**
 * Whether a report has had its time: settled for thirty days, or sent a year ago.
 * @param {DeviceReport} report
 * @param {number} now
 * @returns {boolean}
 */
export function isStale(report, now) {
  if (report.state !== "sent") return false;
  const older = (/** @type {string | null} */ date, /** @type {number} */ days) =>
    date !== null && now - Date.parse(date) > days * 86400000;
  // What a clerk typed is somebody else's: the link was given, the computer is shared.
  return older(report.settled_at, KEPT_DAYS) || older(report.sent_at, report.desk ? 1 : LONGEST_DAYS);
}

/**
 * Forget what has had its time: whole reports, and what was said in those that can no longer be corrected.
 * @param {number} now
 */
export async function purge(now) {
  for (const report of await allReports()) {
    if (isStale(report, now)) await removeReport(report.id);
    else if (report.state === "sent" && report.place && !(Date.parse(report.correct_until ?? "") > now)) await changeReport(report.id, forgetAnswers);
  }
}

/** @param {DeviceReport} row */
function forgetAnswers(row) {
  row.attributes = {};
  row.place = null;
}

/** Delete everything this site wrote on the device, the shell itself excepted. */
export async function eraseAll() {
  await within(["reports", "photos", "settings", "packs"], "readwrite", (transaction) => {
    for (const name of ["reports", "photos", "settings", "packs"]) transaction.objectStore(name).clear();
  });
  if (typeof caches === "undefined") return;
  for (const name of await caches.keys()) if (name.startsWith("tuiles-")) await caches.delete(name);
}

/** @type {Set<() => void>} */
const listeners = new Set();
/** @type {BroadcastChannel | null} */
let ear = null;

/**
 * Be told when the queue changed, in this tab, another or the worker.
 * @param {() => void} listener
 * @returns {() => void} stops
 */
export function onQueueChange(listener) {
  if (!ear && typeof BroadcastChannel !== "undefined") {
    ear = new BroadcastChannel(CHANNEL);
    ear.onmessage = () => listeners.forEach((one) => one());
  }
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Tell every open page that the queue changed. */
export function tellChange() {
  for (const listener of listeners) listener();
  if (typeof BroadcastChannel === "undefined") return;
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage("changed");
  channel.close();
}
