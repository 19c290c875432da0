import type { Queries } from "../database.ts";

/** The order in which a message's life goes on; callbacks come in any. */
const order = ["queued", "sending", "accepted", "initiated", "scheduled", "sent", "ringing", "in-progress"];
const final = [
  "delivered",
  "read",
  "undelivered",
  "failed",
  "completed",
  "busy",
  "no-answer",
  "canceled",
  "cancelled",
];

/** Takes what a status callback says, unless something later is known already. `id` is ours, from the callback's address. */
export async function takeStatus(
  sql: Queries,
  id: string,
  sid: string,
  twilioStatus: string,
  error: string | null,
): Promise<void> {
  // Twilio's `queued` comes after it has accepted; ours is before.
  const status =
    twilioStatus === "queued" ? "accepted" : twilioStatus === "sending" ? "accepted" : twilioStatus;
  const earlier = final.includes(status) ? order : order.slice(0, Math.max(0, order.indexOf(status)));
  await sql`
    UPDATE messages SET sid = coalesce(sid, ${sid}), status = ${status}, error = coalesce(${error}, error), changed_at = now()
    WHERE id = ${id} AND (sid IS NULL OR sid = ${sid}) AND status = ANY(${earlier})`;
}
