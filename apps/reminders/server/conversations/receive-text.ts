import { giveConsent, withdraw } from "../contacts/consent.ts";
import type { Sql, Transaction } from "../database.ts";
import type { Texts } from "../flows/flow.ts";
import { keywordOf } from "../messages/keywords.ts";
import { inLanguage, phrases } from "../messages/phrases.ts";
import { segmentsOf } from "../messages/segments.ts";
import { advance, beginNext } from "./conversation-store.ts";

/** A text as Twilio's webhook tells it. */
export interface IncomingText {
  sid: string;
  from: string;
  body: string;
  media: number;
  /** Twilio has dealt with STOP, START or HELP itself and answered. */
  answeredByTwilio: boolean;
}

/** What was made of a text. `unexpected`: no conversation asked for it. */
export type Received = "repeated" | "keyword" | "answered" | "unexpected" | "unknown";

/** Keeps a text, once, before anything is made of it. */
export async function receiveText(sql: Sql, text: IncomingText, now = new Date()): Promise<Received> {
  const [kept] = await sql<{ id: string }[]>`
    INSERT INTO messages (key, direction, channel, contact_id, phone, body, media, segments, status, sid, error)
    VALUES (${`in/${text.sid}`}, 'in', 'sms', (SELECT id FROM contacts WHERE phone = ${text.from} AND archived_at IS NULL), ${text.from},
            ${text.body.replaceAll("\0", "")}, ${text.media}, ${segmentsOf(text.body).count}, 'received', ${text.sid},
            ${text.answeredByTwilio ? "answered by twilio" : null})
    ON CONFLICT DO NOTHING RETURNING id`;
  return kept ? handleText(sql, text.sid, now) : "repeated";
}

/** Texts that were kept but not dealt with, since the instance ended in between. */
export async function handleLeftTexts(sql: Sql, now: Date): Promise<number> {
  const left = await sql<{ sid: string }[]>`
    SELECT sid FROM messages WHERE direction = 'in' AND status = 'received' AND created_at < now() - interval '20 seconds'
    ORDER BY created_at LIMIT 500`;
  for (const { sid } of left) await handleText(sql, sid, now);
  return left.length;
}

interface Kept {
  id: string;
  body: string;
  phone: string;
  contactId: string | null;
  language: string | null;
  answeredByTwilio: boolean;
}

/** May be done again after a crash at any line: each effect has a key of its own. */
async function handleText(sql: Sql, sid: string, now: Date): Promise<Received> {
  const [text] = await sql<Kept[]>`
    SELECT m.id, m.body, m.phone, m.contact_id AS "contactId", c.language, m.error = 'answered by twilio' AS "answeredByTwilio"
    FROM messages m LEFT JOIN contacts c ON c.id = m.contact_id WHERE m.sid = ${sid}`;
  if (!text) return "repeated";
  const received = await dealWith(sql, sid, text, now);
  await sql`UPDATE messages SET status = 'handled', changed_at = now() WHERE id = ${text.id} AND status = 'received'`;
  return received;
}

async function dealWith(sql: Sql, sid: string, text: Kept, now: Date): Promise<Received> {
  const { contactId } = text;
  if (contactId === null) {
    if (!text.answeredByTwilio) await answerStranger(sql, text.phone, now);
    return "unknown";
  }
  const keyword = keywordOf(text.body);
  if (keyword) {
    await sql.begin(async (transaction) => {
      if (keyword === "stop") await withdraw(transaction, contactId, "sms", text.body.trim().slice(0, 40));
      if (keyword === "start")
        await giveConsent(transaction, contactId, "sms", text.body.trim().slice(0, 40));
      const words = { stop: phrases.stopped, start: phrases.started, help: phrases.help }[keyword];
      if (!text.answeredByTwilio)
        await notify(transaction, `notice/${sid}`, contactId, text.phone, words, text.language);
    });
    return "keyword";
  }
  const [active] = await sql<
    { id: string }[]
  >`SELECT id FROM conversations WHERE contact_id = ${contactId} AND status = 'active'`;
  const conversation = active?.id ?? (await takenBefore(sql, sid));
  if (conversation) {
    await sql`UPDATE messages SET conversation_id = ${conversation} WHERE id = ${text.id}`;
    const step = await advance(
      sql,
      conversation,
      `in/${sid}`,
      { type: "reply", text: text.body },
      "sms",
      now,
    );
    if (step.result !== "ignored") {
      if (step.ended) await beginNext(sql, contactId, now);
      return "answered";
    }
  }
  // Once an hour is enough for somebody who goes on writing.
  const hour = Math.floor(now.getTime() / 3_600_000);
  await sql.begin((transaction) =>
    notify(
      transaction,
      `notice/open/${contactId}/${hour}`,
      contactId,
      text.phone,
      phrases.nothingOpen,
      text.language,
    ),
  );
  return "unexpected";
}

/** The conversation that has taken this text already, if the instance ended right after. */
async function takenBefore(sql: Sql, sid: string): Promise<string | undefined> {
  const [row] = await sql<
    { id: string }[]
  >`SELECT conversation_id AS id FROM conversation_events WHERE key = ${`in/${sid}`}`;
  return row?.id;
}

async function notify(
  sql: Transaction,
  key: string,
  contactId: string | null,
  phone: string,
  words: Texts,
  language: string | null,
): Promise<void> {
  const body = inLanguage(words, language ?? "en");
  await sql`
    INSERT INTO messages (key, direction, channel, contact_id, phone, body, segments, status)
    VALUES (${key}, 'out', 'sms', ${contactId}, ${phone}, ${body}, ${segmentsOf(body).count}, 'queued')
    ON CONFLICT (key) DO NOTHING`;
}

/** A number that nobody has registered is answered once a day; caregivers who write back are told the same. */
function answerStranger(sql: Sql, phone: string, now: Date): Promise<void> {
  const day = now.toISOString().slice(0, 10);
  return sql.begin((transaction) =>
    notify(transaction, `notice/unknown/${phone}/${day}`, null, phone, phrases.unknownNumber, "en"),
  ) as Promise<void>;
}
