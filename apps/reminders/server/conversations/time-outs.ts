import type { Sql } from "../database.ts";
import { advance, beginNext } from "./conversation-store.ts";

/** Takes the step of every conversation whose time has passed without an answer, and begins what waited for it. */
export async function takeTimeOuts(sql: Sql, now: Date): Promise<number> {
  let taken = 0;
  for (;;) {
    const due = await sql<{ id: string; contactId: string; revision: number }[]>`
      SELECT id, contact_id AS "contactId", revision FROM conversations
      WHERE status = 'active' AND times_out_at <= ${now} ORDER BY times_out_at LIMIT 100`;
    for (const { id, contactId, revision } of due) {
      // The key names the revision: an answer that came first makes this time-out another one's, which is checked anew.
      const step = await advance(sql, id, `${id}/silence/${revision}`, { type: "silence" }, "clock", now);
      if (step.result !== "ignored" && step.ended) await beginNext(sql, contactId, now);
    }
    taken += due.length;
    if (due.length < 100) break;
  }
  await beginWaiting(sql, now);
  return taken;
}

/** Conversations that wait although nothing is being asked: the instance ended between the two steps. */
async function beginWaiting(sql: Sql, now: Date): Promise<void> {
  const free = await sql<{ contactId: string }[]>`
    SELECT DISTINCT w.contact_id AS "contactId" FROM conversations w
    WHERE w.status = 'waiting' AND NOT EXISTS (SELECT FROM conversations a WHERE a.contact_id = w.contact_id AND a.status = 'active')
    LIMIT 500`;
  for (const { contactId } of free) await beginNext(sql, contactId, now);
}
