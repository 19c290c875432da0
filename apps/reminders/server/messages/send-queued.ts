import { withdrawConsent } from "../contacts/consent.ts";
import type { Sql } from "../database.ts";
import { environment, publicUrl } from "../environment.ts";
import { twilioClient } from "../twilio/client.ts";

interface Queued {
  id: string;
  key: string;
  channel: "sms" | "voice";
  contactId: string | null;
  conversationId: string | null;
  phone: string;
  body: string;
  attempts: number;
  consent: string | null;
}

const mostAttempts = 6;
/** Twilio's word for a number that has replied STOP. */
const optedOut = 21610;

/**
 * Sends what is queued, at the number's rate, until nothing is left or `limitMs` has passed. The rate is that of all instances together: who finds
 * another at it leaves the queue to it. A message is marked `sending` before Twilio hears of it: one whose fate a crash or a lost answer left open is
 * never sent on a guess, but looked up (see `reconcile`).
 */
export async function sendQueued(sql: Sql, limitMs: number): Promise<number> {
  const endsAt = Date.now() + limitMs;
  const rate = environment().TWILIO_MESSAGES_PER_SECOND;
  let sent = 0;
  let outrun = false;
  while (Date.now() < endsAt) {
    const batch = await claim(sql, Math.max(1, Math.min(20, Math.ceil(rate))), rate);
    await Promise.all(batch.map((message) => sendOne(sql, message)));
    sent += batch.length;
    const waitMs = await untilFree(sql);
    if (waitMs === undefined) break;
    if (batch.length === 0) {
      // Twice in a row: whoever was quicker came after us, so what we have queued is before it.
      if (outrun) break;
      outrun = true;
    } else {
      outrun = false;
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  return sent;
}

/** Takes messages and the time that they need at the number's rate; nothing while an earlier batch has that time. */
function claim(sql: Sql, count: number, rate: number): Promise<Queued[]> {
  return sql<Queued[]>`
    WITH turn AS MATERIALIZED (
      SELECT FROM sending WHERE free_at <= now() FOR UPDATE SKIP LOCKED
    ), next AS MATERIALIZED (
      SELECT id FROM messages WHERE direction = 'out' AND status = 'queued' AND not_before <= now() AND EXISTS (SELECT FROM turn)
      ORDER BY not_before, created_at LIMIT ${count} FOR UPDATE SKIP LOCKED
    ), spent AS (
      UPDATE sending SET free_at = now() + make_interval(secs => (SELECT count(*) FROM next) / ${rate}::float8)
      WHERE EXISTS (SELECT FROM next)
    )
    UPDATE messages m SET status = 'sending', sending_since = now(), attempts = attempts + 1, changed_at = now()
    FROM next WHERE m.id = next.id
    RETURNING m.id, m.key, m.channel, m.contact_id AS "contactId", m.conversation_id AS "conversationId", m.phone, m.body, m.attempts,
      (SELECT consent FROM contacts c WHERE c.id = m.contact_id) AS consent`;
}

/** How long until the number may send again, in milliseconds; undefined when nothing waits for that. */
async function untilFree(sql: Sql): Promise<number | undefined> {
  const [row] = await sql<{ waitMs: number }[]>`
    SELECT greatest(0, extract(epoch FROM free_at - now()) * 1000)::float8 AS "waitMs" FROM sending
    WHERE EXISTS (SELECT FROM messages WHERE direction = 'out' AND status = 'queued' AND not_before <= now())`;
  return row?.waitMs;
}

async function sendOne(sql: Sql, message: Queued): Promise<void> {
  // Somebody may have opted out between queueing and now. Notices are what the law wants said even then.
  if (message.contactId && message.consent !== "given" && !message.key.startsWith("notice/")) {
    await settle(sql, message.id, "cancelled", "the contact opted out");
    return;
  }
  try {
    const { sid, status } = await handOver(message);
    await sql`
      UPDATE messages SET sid = ${sid}, changed_at = now(), error = null,
        status = CASE WHEN status = 'sending' THEN ${status === "queued" ? "accepted" : status} ELSE status END
      WHERE id = ${message.id}`;
  } catch (error) {
    await afterFailure(sql, message, error as TwilioFailure);
  }
}

async function handOver(message: Queued): Promise<{ sid: string; status: string }> {
  const client = await twilioClient();
  const statusCallback = `${publicUrl()}/api/twilio/status?message=${message.id}`;
  const from = environment().TWILIO_PHONE_NUMBER;
  if (message.channel === "sms") {
    return client.messages.create({ to: message.phone, from, body: message.body, statusCallback });
  }
  return client.calls.create({
    to: message.phone,
    from,
    url: `${publicUrl()}/api/twilio/voice?conversation=${message.conversationId}`,
    statusCallback,
    statusCallbackEvent: ["initiated", "ringing", "answered", "completed"],
    machineDetection: "Enable",
    timeout: 30,
  });
}

interface TwilioFailure extends Error {
  status?: number;
  code?: number | string;
}

async function afterFailure(sql: Sql, message: Queued, error: TwilioFailure): Promise<void> {
  const said = `${error.code ?? error.status ?? ""} ${error.message}`.trim().slice(0, 300);
  if (error.status === 429 || isNeverSent(error)) {
    if (message.attempts >= mostAttempts) return settle(sql, message.id, "failed", said);
    const delay = Math.min(600, 2 ** message.attempts * 2);
    await sql`
      UPDATE messages SET status = 'queued', error = ${said}, changed_at = now(), not_before = now() + make_interval(secs => ${delay})
      WHERE id = ${message.id} AND status = 'sending'`;
  } else if (error.status !== undefined && error.status >= 400 && error.status < 500) {
    await settle(sql, message.id, "failed", said);
    if (error.code === optedOut && message.contactId)
      await withdrawConsent(sql, message.contactId, "twilio", String(optedOut));
  } else {
    // Twilio may have it or not. It stays `sending`: a callback or a look at Twilio's list tells.
    await sql`UPDATE messages SET error = ${said}, changed_at = now() WHERE id = ${message.id}`;
  }
}

/** The connection was never made, so nothing was said. */
function isNeverSent(error: TwilioFailure): boolean {
  return (
    typeof error.code === "string" &&
    ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"].includes(error.code)
  );
}

async function settle(sql: Sql, id: string, status: "failed" | "cancelled", error: string): Promise<void> {
  await sql`UPDATE messages SET status = ${status}, error = ${error}, changed_at = now() WHERE id = ${id} AND status = 'sending'`;
}
