import {
  dueTicks,
  mostWaiting,
  nextTime,
  type ScheduleDefinition,
  type SchedulePolicy,
  usualPolicy,
} from "@evenkeel/schedules";
import type { Connection } from "../database/connection.ts";
import type { Database } from "../database/database.ts";
import { jitterMs } from "./jitter.ts";

interface DueJob {
  id: string;
  definition: ScheduleDefinition;
  decidedThrough: Date;
  nextAt: Date;
  overlap: SchedulePolicy["overlap"] | null;
  missed: SchedulePolicy["missed"] | null;
  /** Only counted where it matters. */
  waiting: number;
}

interface TickRow {
  id: string;
  job: string;
  scheduledAtMs: number;
  startAtMs: number;
  state: "waiting" | "skipped";
  reason: string | null;
  takesTurn: boolean;
}

export interface Agenda {
  /** Infinity where nothing is to come. */
  nextTickMs: number;
  /** Of the run that waits longest for its call. */
  nextCallMs: number;
  /** Calls are under way, of whichever scheduler. */
  running: boolean;
}

/** What is to be done next. */
export async function readAgenda(connection: Connection): Promise<Agenda> {
  const [row] = await connection.query<{ tick: Date | null; call: Date | null; running: boolean }>(
    `SELECT (SELECT min(next_at) FROM schedule_jobs) AS tick,
       (SELECT min(start_at) FROM schedule_runs WHERE state = 'waiting') AS call,
       EXISTS (SELECT FROM schedule_runs WHERE state = 'running') AS running`,
  );
  return {
    nextTickMs: row!.tick?.getTime() ?? Number.POSITIVE_INFINITY,
    nextCallMs: row!.call?.getTime() ?? Number.POSITIVE_INFINITY,
    running: row!.running,
  };
}

/**
 * Writes the rows of all times that have come: one for each, by a unique key, and in one transaction with how far the job has got. Jobs that
 * another scheduler is at are left to it.
 *
 * @returns how many jobs were due; at `most`, there may be more
 */
export function writeDueTicks(database: Database, nowMs: number, most: number): Promise<number> {
  return database.transaction(async (connection) => {
    const due = await connection.query<DueJob>(
      `SELECT id, definition, decided_through AS "decidedThrough", next_at AS "nextAt", overlap, missed,
         CASE overlap WHEN 'queue' THEN (SELECT count(*) FROM schedule_runs WHERE job = jobs.id AND state = 'waiting') ELSE 0 END AS waiting
       FROM schedule_jobs AS jobs WHERE next_at <= $1 ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
      [new Date(nowMs), most],
    );
    if (due.length === 0) return 0;
    const decided = due.map((job) => decide(job, nowMs));
    await insertTicks(
      connection,
      decided.flatMap(({ rows }) => rows),
    );
    await connection.query(
      `UPDATE schedule_jobs SET decided_through = advanced.through, next_at = advanced.next
       FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) AS advanced (id, through, next) WHERE schedule_jobs.id = advanced.id`,
      [
        due.map(({ id }) => id),
        decided.map(({ throughMs }) => new Date(throughMs)),
        decided.map(({ nextMs }) => (nextMs === undefined ? null : new Date(nextMs))),
      ],
    );
    return due.length;
  });
}

function decide(
  job: DueJob,
  nowMs: number,
): { rows: TickRow[]; throughMs: number; nextMs?: number | undefined } {
  const { cron, timezone, jitterMinutes } = job.definition;
  const missed = job.missed ?? usualPolicy.missed;
  const overlap = job.overlap ?? usualPolicy.overlap;
  const decidedThroughMs = job.decidedThrough.getTime();
  const { ticks, nextMs, ...due } = dueTicks(
    { cron, timezone, missed, decidedThroughMs, nextMs: job.nextAt.getTime() },
    nowMs,
  );
  let { waiting } = job;
  const rows = ticks.map(({ scheduledAtMs, late, runs }): TickRow => {
    const full = overlap === "queue" && runs && ++waiting > mostWaiting;
    const id = `${job.id}:${scheduledAtMs}`;
    return {
      ...{ id, job: job.id, scheduledAtMs },
      startAtMs: scheduledAtMs + (late ? 0 : jitterMs(id, jitterMinutes)),
      state: runs && !full ? "waiting" : "skipped",
      reason: full ? "queue_full" : runs ? null : "missed",
      takesTurn: late || overlap === "queue",
    };
  });
  return { rows, throughMs: due.decidedThroughMs, nextMs };
}

async function insertTicks(connection: Connection, rows: TickRow[]): Promise<void> {
  if (rows.length === 0) return;
  await connection.query(
    `INSERT INTO schedule_runs (id, job, scheduled_at, start_at, state, reason, takes_turn, ended_at)
     SELECT id, job, scheduled_at, start_at, state, reason, takes_turn, CASE state WHEN 'skipped' THEN now() END
     FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[], $7::boolean[])
       AS tick (id, job, scheduled_at, start_at, state, reason, takes_turn)
     ON CONFLICT DO NOTHING`,
    [
      rows.map((row) => row.id),
      rows.map((row) => row.job),
      rows.map((row) => new Date(row.scheduledAtMs)),
      rows.map((row) => new Date(row.startAtMs)),
      rows.map((row) => row.state),
      rows.map((row) => row.reason),
      rows.map((row) => row.takesTurn),
    ],
  );
}

/**
 * After the clock was set back: jobs that are decided into the future are looked at again from now. Times that have their row already keep
 * it, those that have not get one when they come. Other schedulers' clocks may differ by a minute.
 */
export async function returnToNow(connection: Connection, nowMs: number): Promise<void> {
  const ahead = await connection.query<{ id: string; definition: ScheduleDefinition }>(
    `SELECT id, definition FROM schedule_jobs
     WHERE decided_through > $1::timestamptz + interval '1 minute' AND definition IS NOT NULL AND paused_at IS NULL FOR UPDATE`,
    [new Date(nowMs)],
  );
  await connection.query(
    `UPDATE schedule_jobs SET decided_through = $1, next_at = back.next
     FROM unnest($2::text[], $3::timestamptz[]) AS back (id, next) WHERE schedule_jobs.id = back.id`,
    [
      new Date(nowMs),
      ahead.map(({ id }) => id),
      ahead.map(({ definition }) => {
        const nextMs = nextTime(definition, nowMs);
        return nextMs === undefined ? null : new Date(nextMs);
      }),
    ],
  );
}
