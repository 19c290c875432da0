import type { Sql } from "../database.ts";
import { environment } from "../environment.ts";
import { twilioClient } from "../twilio/client.ts";

interface Open {
  id: string;
  channel: "sms" | "voice";
  phone: string;
  body: string;
  attempts: number;
  since: Date;
  old: boolean;
}

/** Twilio's lists have everything by then. */
const certainAfterSeconds = 180;

/**
 * Finds out what became of messages that Twilio was told of without an answer: one that it lists is adopted, one that it does not know after
 * three minutes goes back into the queue.
 */
export async function reconcile(sql: Sql): Promise<number> {
  const open = await sql<Open[]>`
    SELECT id, channel, phone, body, attempts, sending_since AS since,
           sending_since < now() - make_interval(secs => ${certainAfterSeconds}) AS old
    FROM messages WHERE direction = 'out' AND status = 'sending' AND sid IS NULL AND sending_since < now() - interval '30 seconds'
    ORDER BY sending_since LIMIT 50`;
  for (const message of open) await reconcileOne(sql, message);
  return open.length;
}

async function reconcileOne(sql: Sql, message: Open): Promise<void> {
  for (const { sid, status } of await candidates(message)) {
    const adopted = await sql`
      UPDATE messages SET sid = ${sid}, status = ${status === "queued" ? "accepted" : status}, error = null, changed_at = now()
      WHERE id = ${message.id} AND sid IS NULL AND NOT EXISTS (SELECT FROM messages WHERE sid = ${sid})`;
    if (adopted.count > 0) return;
  }
  if (!message.old) return;
  await sql`
    UPDATE messages SET status = ${message.attempts >= 6 ? "failed" : "queued"}, not_before = now(), changed_at = now()
    WHERE id = ${message.id} AND status = 'sending' AND sid IS NULL`;
}

async function candidates(message: Open): Promise<{ sid: string; status: string }[]> {
  const client = await twilioClient();
  const from = environment().TWILIO_PHONE_NUMBER;
  // Clocks of two machines differ a little.
  const since = new Date(message.since.getTime() - 60_000);
  if (message.channel === "voice") {
    return client.calls.list({ to: message.phone, from, startTimeAfter: since, limit: 50 });
  }
  const listed = await client.messages.list({ to: message.phone, from, dateSentAfter: since, limit: 50 });
  return listed.filter(({ body }) => body === message.body);
}
