import { randomUUID } from "node:crypto";
import { takeStep, unbegun } from "../conversations/take-step.ts";
import type { Sql, Transaction } from "../database.ts";
import type { Flow } from "../flows/flow.ts";
import { segmentsOf } from "../messages/segments.ts";
import { isQuiet, localOf } from "./recurrence.ts";

/** What is later than this is not asked any more: a pill of the morning is no question for the evening. */
const lateMs = 6 * 3_600_000;
const onTimeMs = 15 * 60_000;
const batch = 500;

interface Due {
  id: string;
  contactId: string;
  name: string;
  phone: string;
  language: string;
  timeZone: string;
  consent: string;
  quietFrom: string | null;
  quietUntil: string | null;
  title: string;
  channel: "sms" | "voice";
  flowId: string;
  flowVersion: number;
  flow: Flow;
  localTime: string;
  dueAt: Date;
  busy: boolean;
}

/** What became of the occurrences that were due. */
export interface Asked {
  asked: number;
  waiting: number;
  skipped: number;
}

/**
 * Begins a conversation for each occurrence due until `until`. An occurrence leaves `due` in the transaction that makes its conversation, so two runs at
 * once, or one that is repeated after a crash, ask nobody twice.
 */
export async function askDue(sql: Sql, now: Date, until = now): Promise<Asked> {
  const total: Asked = { asked: 0, waiting: 0, skipped: 0 };
  for (;;) {
    const part = await sql.begin((transaction) => askBatch(transaction, now, until));
    total.asked += part.asked;
    total.waiting += part.waiting;
    total.skipped += part.skipped;
    if (part.asked + part.waiting + part.skipped < batch) return total;
  }
}

async function askBatch(sql: Transaction, now: Date, until: Date): Promise<Asked> {
  const due = await sql<Due[]>`
    SELECT o.id, o.contact_id AS "contactId", c.name, c.phone, c.language, c.time_zone AS "timeZone", c.consent,
           c.quiet_from AS "quietFrom", c.quiet_until AS "quietUntil", r.title, r.channel, r.flow_id AS "flowId",
           v.version AS "flowVersion", v.definition AS flow, o.local_time AS "localTime", o.due_at AS "dueAt",
           EXISTS (SELECT FROM conversations a WHERE a.contact_id = c.id AND a.status <> 'ended') AS busy
    FROM occurrences o
    JOIN reminders r ON r.id = o.reminder_id
    JOIN contacts c ON c.id = o.contact_id
    JOIN LATERAL (SELECT version, definition FROM flow_versions WHERE flow_id = r.flow_id ORDER BY version DESC LIMIT 1) v ON true
    WHERE o.status = 'due' AND o.due_at <= ${until}
    ORDER BY o.due_at, o.id LIMIT ${batch} FOR UPDATE OF o SKIP LOCKED`;
  const skipped: { id: string; reason: string }[] = [];
  const begun: ReturnType<typeof conversationOf>[] = [];
  const busy = new Set<string>();
  for (const occurrence of due) {
    const reason = whyNot(occurrence, now);
    if (reason) {
      skipped.push({ id: occurrence.id, reason });
      continue;
    }
    begun.push(conversationOf(occurrence, occurrence.busy || busy.has(occurrence.contactId), now));
    busy.add(occurrence.contactId);
  }
  await write(sql, begun, skipped, now);
  const waiting = begun.filter(({ conversation }) => conversation.status === "waiting").length;
  return { asked: begun.length - waiting, waiting, skipped: skipped.length };
}

function whyNot(due: Due, now: Date): string | undefined {
  if (due.consent !== "given") return "no consent";
  if (now.getTime() - due.dueAt.getTime() > lateMs) return "too late";
  // A few minutes late is on time; one that a daily run takes early, or an outage late, keeps to quiet hours as they are now.
  const onTime = Math.abs(now.getTime() - due.dueAt.getTime()) < onTimeMs;
  const time = onTime ? due.localTime : localOf(now, due.timeZone).time;
  return isQuiet(time, due.quietFrom, due.quietUntil) ? "quiet hours" : undefined;
}

function conversationOf(due: Due, busy: boolean, now: Date) {
  const id = randomUUID();
  const waiting = unbegun(due.flow, { name: due.name, title: due.title, time: due.localTime });
  const step = busy ? undefined : takeStep(due.flow, waiting, { type: "begin" }, due.language, now);
  const standing = step?.next ?? waiting;
  const body = step?.says.join("\n\n") ?? "";
  return {
    occurrence: due.id,
    conversation: {
      id,
      contact_id: due.contactId,
      occurrence_id: due.id,
      flow_id: due.flowId,
      flow_version: due.flowVersion,
      channel: due.channel,
      status: standing.status,
      state: standing.state,
      variables: standing.variables,
      revision: step ? 1 : 0,
      outcome: standing.outcome,
      times_out_at: standing.timesOutAt,
      ended_at: standing.status === "ended" ? now : null,
    },
    event: step && {
      conversation_id: id,
      revision: 1,
      key: `${id}/begin`,
      event: { type: "begin" },
      said: step.says,
      at: now,
    },
    message: step &&
      body !== "" && {
        key: `${id}/1`,
        channel: due.channel,
        contact_id: due.contactId,
        conversation_id: id,
        phone: due.phone,
        body,
        segments: due.channel === "sms" ? segmentsOf(body).count : 1,
      },
  };
}

async function write(
  sql: Transaction,
  begun: ReturnType<typeof conversationOf>[],
  skipped: { id: string; reason: string }[],
  now: Date,
): Promise<void> {
  if (skipped.length > 0) {
    await sql`
      UPDATE occurrences o SET status = 'skipped', reason = s.reason, settled_at = ${now}
      FROM jsonb_to_recordset(${sql.json(skipped)}) AS s(id uuid, reason text) WHERE o.id = s.id`;
  }
  if (begun.length === 0) return;
  await sql`UPDATE occurrences SET status = 'asked' WHERE id = ANY(${begun.map(({ occurrence }) => occurrence)}::uuid[])`;
  await sql`
    INSERT INTO conversations (id, contact_id, occurrence_id, flow_id, flow_version, channel, status, state, variables, revision, outcome, times_out_at, ended_at)
    SELECT * FROM jsonb_to_recordset(${sql.json(begun.map(({ conversation }) => conversation) as never)})
      AS c(id uuid, contact_id uuid, occurrence_id uuid, flow_id text, flow_version int, channel text, status text, state text,
           variables jsonb, revision int, outcome text, times_out_at timestamptz, ended_at timestamptz)`;
  await sql`
    INSERT INTO conversation_events (conversation_id, revision, key, event, said, at)
    SELECT * FROM jsonb_to_recordset(${sql.json(begun.flatMap(({ event }) => event ?? []) as never)})
      AS e(conversation_id uuid, revision int, key text, event jsonb, said jsonb, at timestamptz)`;
  await sql`
    INSERT INTO messages (key, direction, channel, contact_id, conversation_id, phone, body, segments, status)
    SELECT m.key, 'out', m.channel, m.contact_id, m.conversation_id, m.phone, m.body, m.segments, 'queued'
    FROM jsonb_to_recordset(${sql.json(begun.flatMap(({ message }) => message || []) as never)})
      AS m(key text, channel text, contact_id uuid, conversation_id uuid, phone text, body text, segments int)`;
}
