import { Hono } from "hono";
import { database } from "../database.ts";
import { segmentsOf } from "../messages/segments.ts";
import type { OperatorVariables } from "../operators/session.ts";
import { dayFault } from "../reminders/recurrence.ts";
import { refused } from "./body.ts";

/** What the dashboard shows. */
export const viewRoutes = new Hono<OperatorVariables>()
  // Each contact's own day: what is at 09:00 there is at 09:00 here, wherever they live.
  .get("/board", async (c) => {
    const day = dayOf(c.req.query("day"));
    const occurrences = await database()`
      SELECT o.id, o.local_time AS time, o.due_at AS "dueAt", o.status, o.reason, c.id AS "contactId", c.name, c.time_zone AS "timeZone",
             r.title, r.kind, r.channel, v.id AS "conversationId", v.status AS conversation, v.outcome, v.worrying
      FROM occurrences o JOIN contacts c ON c.id = o.contact_id JOIN reminders r ON r.id = o.reminder_id
      LEFT JOIN conversations v ON v.occurrence_id = o.id
      WHERE o.local_day = ${day}::text::date ORDER BY o.local_time, c.name LIMIT 2000`;
    return c.json({ day, occurrences });
  })
  .get("/calendar", async (c) => {
    const month = c.req.query("month") ?? new Date().toISOString().slice(0, 7);
    if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(month)) throw refused("month must be like 2026-02");
    const days = await database()`
      SELECT local_day AS day, count(*)::int AS all, count(*) FILTER (WHERE status = 'answered')::int AS answered,
             count(*) FILTER (WHERE status = 'missed')::int AS missed
      FROM occurrences WHERE local_day >= ${`${month}-01`}::text::date AND local_day < (${`${month}-01`}::text::date + interval '1 month')
      GROUP BY local_day ORDER BY local_day`;
    return c.json({ month, days });
  })
  .get("/conversations", async (c) => {
    const conversations = await database()`
      SELECT v.id, v.status, v.outcome, v.worrying, v.channel, v.created_at AS "createdAt", c.name, r.title,
        (SELECT body FROM messages m WHERE m.conversation_id = v.id ORDER BY created_at DESC LIMIT 1) AS last,
        (SELECT max(created_at) FROM messages m WHERE m.conversation_id = v.id) AS "lastAt"
      FROM conversations v JOIN contacts c ON c.id = v.contact_id
      LEFT JOIN occurrences o ON o.id = v.occurrence_id LEFT JOIN reminders r ON r.id = o.reminder_id
      WHERE v.status <> 'waiting' ORDER BY v.created_at DESC, v.id LIMIT 200`;
    return c.json({ conversations });
  })
  .get("/conversations/:id", async (c) => {
    const sql = database();
    const id = c.req.param("id");
    const [conversation] = await sql`
      SELECT v.id, v.status, v.state, v.outcome, v.worrying, v.channel, v.variables, v.times_out_at AS "timesOutAt", v.flow_id AS "flowId",
             v.flow_version AS "flowVersion", c.name, c.phone, c.id AS "contactId"
      FROM conversations v JOIN contacts c ON c.id = v.contact_id WHERE v.id::text = ${id}`;
    if (!conversation) throw refused("There is no such conversation", undefined, 404);
    const [messages, events] = await Promise.all([
      sql`SELECT id, direction, channel, body, status, error, caregiver_id IS NOT NULL AS "toCaregiver", created_at AS at
          FROM messages WHERE conversation_id::text = ${id} ORDER BY created_at, id`,
      sql`SELECT revision, event, said, at FROM conversation_events WHERE conversation_id::text = ${id} ORDER BY revision`,
    ]);
    return c.json({ conversation, messages, events });
  })
  .get("/messages", async (c) => {
    const wanted = c.req.query("status") ?? "";
    const before = c.req.query("before") ?? "infinity";
    if (before !== "infinity" && Number.isNaN(Date.parse(before))) throw refused("before must be a time");
    const sql = database();
    const messages = await sql`
      SELECT m.id, m.direction, m.channel, m.phone, m.body, m.segments, m.status, m.error, m.sid, m.attempts, m.created_at AS at, c.name
      FROM messages m LEFT JOIN contacts c ON c.id = m.contact_id
      WHERE m.created_at < ${before}::text::timestamptz
        ${wanted === "problems" ? sql`AND (m.status IN ('failed', 'undelivered', 'busy', 'no-answer') OR m.status = 'sending' AND m.sending_since < now() - interval '1 minute')` : sql``}
      ORDER BY m.created_at DESC LIMIT 100`;
    return c.json({ messages });
  })
  .get("/statistics", async (c) => {
    const sql = database();
    const [weeks, moods] = await Promise.all([
      sql`SELECT date_trunc('week', local_day)::date AS week, count(*) FILTER (WHERE status = 'answered')::int AS answered,
            count(*) FILTER (WHERE status = 'missed')::int AS missed, count(*) FILTER (WHERE status = 'skipped')::int AS skipped
          FROM occurrences WHERE local_day > current_date - 84 AND local_day <= current_date GROUP BY 1 ORDER BY 1`,
      sql`SELECT o.local_day AS day, round(avg((v.variables->>'mood')::numeric), 2)::float AS mood
          FROM conversations v JOIN occurrences o ON o.id = v.occurrence_id
          WHERE v.variables->>'mood' ~ '^[0-9.]+$' AND o.local_day > current_date - 84 GROUP BY 1 ORDER BY 1`,
    ]);
    return c.json({ weeks, moods });
  })
  // Shown before anything is sent: how many segments a text takes.
  .post("/segments", async (c) => {
    const { text } = (await c.req.json().catch(() => ({}))) as { text?: unknown };
    if (typeof text !== "string") throw refused("text is missing");
    return c.json(segmentsOf(text));
  });

function dayOf(given: string | undefined): string {
  const day = given ?? new Date().toISOString().slice(0, 10);
  const fault = dayFault(day);
  if (fault) throw refused(`day ${fault}`);
  return day;
}
