import { tellCaregivers, tellOfMissed } from "../contacts/caregivers.ts";
import type { Queries, Sql, Transaction } from "../database.ts";
import type { Flow, Texts } from "../flows/flow.ts";
import { segmentsOf } from "../messages/segments.ts";
import { type ConversationEvent, type Standing, type Step, takeStep } from "./take-step.ts";

/** A conversation with all that its next step needs. */
export interface Conversation extends Standing {
  id: string;
  contactId: string;
  occurrenceId: string | null;
  channel: "sms" | "voice";
  revision: number;
  language: string;
  phone: string;
  flow: Flow;
}

/**
 * How an event came, which is how the answer goes back: by a text, within the call that is under way (the words are returned, nothing is queued), or
 * by the conversation's own channel where the clock brought it.
 */
export type Via = "sms" | "call" | "clock";

export type Advance =
  | { result: "taken" | "repeated"; says: string[]; revision: number; ended: boolean }
  /** The conversation has no ear for this event now. */
  | { result: "ignored" };

export async function readConversation(sql: Queries, id: string): Promise<Conversation | undefined> {
  const [row] = await sql<Conversation[]>`
    SELECT c.id, c.contact_id AS "contactId", c.occurrence_id AS "occurrenceId", c.channel, c.status, c.state, c.variables, c.unclear,
           c.revision, c.outcome, c.worrying, c.times_out_at AS "timesOutAt", p.language, p.phone, f.definition AS flow
    FROM conversations c
    JOIN contacts p ON p.id = c.contact_id
    JOIN flow_versions f ON f.flow_id = c.flow_id AND f.version = c.flow_version
    WHERE c.id = ${id}`;
  return row;
}

/**
 * Takes one step, once: whoever comes with the same `key` again gets the answer of the first time. What the step says, tells and settles is written in
 * the step's own transaction, so a process that ends anywhere leaves a whole step or none. Of two that come at the same moment one is taken first,
 * the other from where that one led.
 */
export async function advance(
  sql: Sql,
  id: string,
  key: string,
  event: ConversationEvent,
  via: Via,
  now = new Date(),
): Promise<Advance> {
  for (let attempt = 0; ; attempt++) {
    const repeated = await repeatedStep(sql, key);
    if (repeated) return repeated;
    const conversation = await readConversation(sql, id);
    if (!conversation) return { result: "ignored" };
    // An answer may have come since the clock was looked at: then the time to wait for is a new one.
    if (event.type === "silence" && (!conversation.timesOutAt || conversation.timesOutAt > now))
      return { result: "ignored" };
    const step = takeStep(conversation.flow, conversation, event, conversation.language, now);
    if (!step) return { result: "ignored" };
    const written = await sql
      .begin((transaction) => writeStep(transaction, conversation, key, event, step, via, now))
      .catch((error: unknown) => {
        if (isTakenAlready(error)) return false;
        throw error;
      });
    if (written) {
      return {
        result: "taken",
        says: step.says,
        revision: conversation.revision + 1,
        ended: step.next.status === "ended",
      };
    }
    if (attempt >= 50) throw new Error(`The conversation ${id} changes faster than a step can be taken`);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 10 * (attempt + 1)));
  }
}

async function repeatedStep(sql: Queries, key: string): Promise<Advance | undefined> {
  const [row] = await sql<{ said: string[]; revision: number; status: string }[]>`
    SELECT e.said, e.revision, c.status FROM conversation_events e JOIN conversations c ON c.id = e.conversation_id WHERE e.key = ${key}`;
  return row && { result: "repeated", says: row.said, revision: row.revision, ended: row.status === "ended" };
}

/** False: another step came first. */
async function writeStep(
  sql: Transaction,
  conversation: Conversation,
  key: string,
  event: ConversationEvent,
  step: Step,
  via: Via,
  now: Date,
): Promise<boolean> {
  const { next } = step;
  const revision = conversation.revision + 1;
  const updated = await sql`
    UPDATE conversations SET status = ${next.status}, state = ${next.state}, variables = ${sql.json(next.variables)}, unclear = ${next.unclear},
      revision = ${revision}, outcome = ${next.outcome}, worrying = ${next.worrying}, times_out_at = ${next.timesOutAt},
      ended_at = ${next.status === "ended" ? now : null}
    WHERE id = ${conversation.id} AND revision = ${conversation.revision}`;
  if (updated.count === 0) return false;
  await sql`
    INSERT INTO conversation_events (conversation_id, revision, key, event, said, at)
    VALUES (${conversation.id}, ${revision}, ${key}, ${sql.json(event as never)}, ${sql.json(step.says)}, ${now})`;
  if (via !== "call")
    await queueWords(sql, conversation, revision, step.says, via === "sms" ? "sms" : conversation.channel);
  for (const [index, texts] of step.tells.entries())
    await tell(sql, conversation, `${revision}.${index}`, texts);
  if (next.status === "ended") await settle(sql, conversation, next, now);
  return true;
}

async function queueWords(
  sql: Transaction,
  conversation: Conversation,
  revision: number,
  says: string[],
  channel: "sms" | "voice",
): Promise<void> {
  if (says.length === 0) return;
  const body = says.join("\n\n");
  await sql`
    INSERT INTO messages (key, direction, channel, contact_id, conversation_id, phone, body, segments, status)
    VALUES (${`${conversation.id}/${revision}`}, 'out', ${channel}, ${conversation.contactId}, ${conversation.id}, ${conversation.phone}, ${body},
            ${channel === "sms" ? segmentsOf(body).count : 1}, 'queued')`;
}

function tell(sql: Transaction, conversation: Conversation, part: string, texts: Texts): Promise<void> {
  return tellCaregivers(sql, conversation.contactId, `${conversation.id}/${part}`, texts, conversation.id);
}

async function settle(
  sql: Transaction,
  conversation: Conversation,
  next: Standing,
  now: Date,
): Promise<void> {
  if (!conversation.occurrenceId) return;
  const status =
    next.outcome === "missed"
      ? "missed"
      : next.outcome === "stopped" || next.outcome === "expired"
        ? "skipped"
        : "answered";
  await sql`
    UPDATE occurrences SET status = ${status}, reason = ${next.outcome}, settled_at = ${now} WHERE id = ${conversation.occurrenceId}`;
  if (status === "missed")
    await tellOfMissed(sql, conversation.contactId, conversation.occurrenceId, conversation.id);
}

/** Another instance has taken this key, or begun another conversation with this contact. */
function isTakenAlready(error: unknown): boolean {
  return (error as { code?: string }).code === "23505";
}

/** Begins the oldest that waits, when nothing else is being asked. */
export async function beginNext(sql: Sql, contactId: string, now = new Date()): Promise<void> {
  const [row] = await sql<{ id: string }[]>`
    SELECT c.id FROM conversations c
    WHERE c.contact_id = ${contactId} AND c.status = 'waiting'
      AND NOT EXISTS (SELECT FROM conversations o WHERE o.contact_id = c.contact_id AND o.status = 'active')
    ORDER BY c.created_at, c.id LIMIT 1`;
  if (row) await advance(sql, row.id, `${row.id}/begin`, { type: "begin" }, "clock", now);
}
