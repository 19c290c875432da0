import { handleLeftTexts } from "./conversations/receive-text.ts";
import { takeTimeOuts } from "./conversations/time-outs.ts";
import type { Sql } from "./database.ts";
import { reconcile } from "./messages/reconcile.ts";
import { sendQueued } from "./messages/send-queued.ts";
import { askDue } from "./reminders/ask-due.ts";
import { planAhead } from "./reminders/plan.ts";

/** What a run of the clockwork did. */
export interface Ticked {
  asked: number;
  waiting: number;
  skipped: number;
  timedOut: number;
  sent: number;
  left: number;
}

/** A tick within this time means that ticks are frequent, and reminders can keep to their own hours. */
const frequentMs = 2 * 3_600_000;

/**
 * Everything that is due. `daily` is the run that every plan of a host allows: where no frequent tick goes on beside it, it takes the whole day ahead,
 * so that each reminder is asked once a day at the least.
 */
export async function tick(
  sql: Sql,
  mode: "frequent" | "daily",
  limitMs: number,
  now = new Date(),
): Promise<Ticked> {
  const endsAt = Date.now() + limitMs;
  const horizon =
    mode === "daily" && !(await ticksOften(sql, now)) ? new Date(now.getTime() + 24 * 3_600_000) : now;
  await sql`
    INSERT INTO clockwork (job, last_run_at) VALUES (${mode}, ${now})
    ON CONFLICT (job) DO UPDATE SET last_run_at = greatest(clockwork.last_run_at, excluded.last_run_at)`;
  await handleLeftTexts(sql, now);
  await planAhead(sql, now);
  const timedOut = await takeTimeOuts(sql, now);
  const asked = await askDue(sql, now, horizon);
  await reconcile(sql);
  const sent = await sendQueued(sql, Math.max(1_000, endsAt - Date.now()));
  const [left] = await sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM messages WHERE direction = 'out' AND status = 'queued' AND not_before <= now()`;
  return { ...asked, timedOut, sent, left: left!.count };
}

async function ticksOften(sql: Sql, now: Date): Promise<boolean> {
  const [row] = await sql<{ at: Date }[]>`SELECT last_run_at AS at FROM clockwork WHERE job = 'frequent'`;
  return row !== undefined && now.getTime() - row.at.getTime() < frequentMs;
}
