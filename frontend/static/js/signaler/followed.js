/** What became of the reports of this device: asked with each one's own secret, kept for when there is no network. */

import { allReports, changeReport } from "./store.js";
import { getJson } from "./places.js";

const FINAL = ["PUBLISHED", "REJECTED", "MERGED", "WITHDRAWN"];
/** At most that many at once: the latest matter. */
const MOST = 20;

/**
 * Ask for news of what was sent and is not settled.
 * @returns {Promise<boolean>} whether anything changed
 */
export async function checkAnswers() {
  const open = (await allReports()).filter(({ state, secret, status }) => state === "sent" && secret && !FINAL.includes(status));
  const answers = await Promise.all(open.slice(-MOST).map(checkOne));
  return answers.some(Boolean);
}

/** @param {DeviceReport} report */
async function checkOne({ id, secret, status }) {
  const answer = await getJson(`/api/v1/contributions/${id}/suivi/`, { headers: { "X-Suivi": secret }, cache: "no-store" });
  if (answer?.status !== 200 || answer.json.id !== id) return false;
  const { json } = answer;
  await changeReport(id, (row) => {
    row.status = json.status;
    row.status_label = json.status_label;
    row.reason = json.steps.at(-1)?.public_reason ?? "";
    row.correct_until = json.may_correct ? json.correct_until : null;
    row.checked_at = new Date().toISOString();
    if (FINAL.includes(json.status)) row.settled_at ??= row.checked_at;
  });
  return json.status !== status;
}
