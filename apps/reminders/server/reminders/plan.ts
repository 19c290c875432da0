import type { Queries, Sql } from "../database.ts";
import { daysOf, localOf, momentOf } from "./recurrence.ts";

/** How far ahead occurrences stand in the table. */
const horizonMs = 72 * 3_600_000;
/** Planned anew when less than this is left of it. */
const renewMs = 36 * 3_600_000;
const dayMs = 86_400_000;

interface Planned {
  id: string;
  contactId: string;
  startsOn: string;
  rrule: string | null;
  times: string[];
  timeZone: string;
}

/** Writes the occurrences of the next days, where they are not written yet. */
export async function planAhead(sql: Sql, now: Date): Promise<void> {
  const [row] = await sql<{ plannedUntil: Date | null }[]>`
    SELECT planned_until AS "plannedUntil" FROM clockwork WHERE job = 'plan'`;
  if (row?.plannedUntil && row.plannedUntil.getTime() - now.getTime() > renewMs) return;
  const until = new Date(now.getTime() + horizonMs);
  await planReminders(sql, await remindersToPlan(sql), now, until);
  await sql`
    INSERT INTO clockwork (job, last_run_at, planned_until) VALUES ('plan', ${now}, ${until})
    ON CONFLICT (job) DO UPDATE SET last_run_at = excluded.last_run_at, planned_until = greatest(clockwork.planned_until, excluded.planned_until)`;
}

/** Plans a contact's reminders anew after one of them or the time zone changed: what is still to come goes, what was asked stays. */
export async function replanContact(sql: Queries, contactId: string, now: Date): Promise<void> {
  await sql`DELETE FROM occurrences WHERE contact_id = ${contactId} AND status = 'due' AND due_at > ${now}`;
  await planReminders(
    sql,
    await remindersToPlan(sql, contactId),
    now,
    new Date(now.getTime() + horizonMs),
    // The minute that runs is still asked: whoever sets a reminder for now means now.
    new Date(now.getTime() - 60_000),
  );
}

function remindersToPlan(sql: Queries, contactId?: string): Promise<Planned[]> {
  return sql<Planned[]>`
    SELECT r.id, r.contact_id AS "contactId", r.starts_on AS "startsOn", r.rrule,
           ARRAY(SELECT to_char(t, 'HH24:MI') FROM unnest(r.times) t) AS times, c.time_zone AS "timeZone"
    FROM reminders r JOIN contacts c ON c.id = r.contact_id
    WHERE r.paused_at IS NULL AND r.archived_at IS NULL AND c.archived_at IS NULL
      ${contactId ? sql`AND c.id = ${contactId}` : sql``}`;
}

async function planReminders(
  sql: Queries,
  reminders: Planned[],
  now: Date,
  until: Date,
  notBefore = new Date(now.getTime() - dayMs),
): Promise<void> {
  const rows = reminders.flatMap((reminder) => occurrencesOf(reminder, notBefore, until));
  for (let at = 0; at < rows.length; at += 5_000) {
    await sql`
      INSERT INTO occurrences (reminder_id, contact_id, local_day, local_time, due_at)
      SELECT reminder_id, contact_id, local_day, local_time, due_at
      FROM jsonb_to_recordset(${sql.json(rows.slice(at, at + 5_000) as never)})
        AS r(reminder_id uuid, contact_id uuid, local_day date, local_time time, due_at timestamptz)
      ON CONFLICT DO NOTHING`;
  }
}

function occurrencesOf(reminder: Planned, from: Date, until: Date) {
  const first = localOf(from, reminder.timeZone).day;
  const last = localOf(until, reminder.timeZone).day;
  const moments = new Set<number>();
  return daysOf(reminder, first, last).flatMap((day) =>
    reminder.times.flatMap((time) => {
      const due = momentOf(day, time, reminder.timeZone);
      // Two local times may be one moment when the clocks go forward; that is one reminder.
      if (due < from || due > until || moments.has(due.getTime())) return [];
      moments.add(due.getTime());
      return [
        {
          reminder_id: reminder.id,
          contact_id: reminder.contactId,
          local_day: day,
          local_time: time,
          due_at: due.toISOString(),
        },
      ];
    }),
  );
}
