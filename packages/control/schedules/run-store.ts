import type { AppName, DeploymentId } from "@evenkeel/model";
import { type Connection, first } from "../database/connection.ts";
import { ScheduleRunUnknownError } from "../errors.ts";
import type { JobRow } from "./job-store.ts";

export interface RunRow {
  id: string;
  job: string;
  scheduledAt: Date;
  askedBy: string | null;
  state: "waiting" | "running" | "succeeded" | "failed" | "skipped";
  reason: string | null;
  startAt: Date;
  calls: number;
  failures: number;
  deployment: DeploymentId | null;
  startedAt: Date | null;
  endedAt: Date | null;
  durationMs: number | null;
  httpStatus: number | null;
  requestId: string | null;
}

const columns = `id, job, scheduled_at AS "scheduledAt", asked_by AS "askedBy", state, reason, start_at AS "startAt", calls, failures,
  deployment, started_at AS "startedAt", ended_at AS "endedAt", duration_ms AS "durationMs", http_status AS "httpStatus", request_id AS "requestId"`;

/** How one call ended. */
export interface CallOutcome {
  /** Absent: no whole answer came. */
  httpStatus?: number;
  requestId?: string;
  durationMs: number;
  /** Absent: it succeeded. */
  reason?: string;
}

/**
 * Records how a call of a run ended. A run that is no longer this scheduler's, as it was held for dead, is left alone.
 *
 * @param retryAtMs after a failure: when it is called again
 * @returns whether another run of its job waits
 */
export async function recordCall(
  connection: Connection,
  run: { id: string; by: string },
  outcome: CallOutcome,
  nowMs: number,
  retryAtMs?: number,
): Promise<boolean> {
  const failed = outcome.reason !== undefined;
  const state = !failed ? "succeeded" : retryAtMs === undefined ? "failed" : "waiting";
  const [recorded] = await connection.query<{ others: boolean; app: AppName }>(
    `UPDATE schedule_runs AS run SET state = $3, reason = $4, http_status = $5, request_id = $6, duration_ms = $7, failures = failures + $8,
       ended_at = CASE $3 WHEN 'waiting' THEN NULL ELSE $9::timestamptz END, start_at = coalesce($10, start_at),
       takes_turn = takes_turn OR $3 = 'waiting', scheduler = NULL
     WHERE id = $1 AND scheduler = $2 AND state = 'running'
     RETURNING EXISTS (SELECT FROM schedule_runs AS other WHERE other.job = run.job AND other.state = 'waiting') AS others,
       (SELECT app FROM schedule_jobs WHERE schedule_jobs.id = run.job) AS app`,
    [
      ...[run.id, run.by, state, outcome.reason ?? null, outcome.httpStatus ?? null],
      ...[outcome.requestId ?? null, Math.round(outcome.durationMs), failed ? 1 : 0],
      ...[new Date(nowMs), retryAtMs === undefined ? null : new Date(retryAtMs)],
    ],
  );
  if (recorded) connection.publish({ kind: "schedule", app: recorded.app, id: run.id });
  return recorded?.others ?? false;
}

/** Runs that a scheduler has under way wait again, to be called with the same id; but for those that it does call. */
export async function releaseRuns(
  connection: Connection,
  scheduler: string,
  calling: string[] = [],
): Promise<void> {
  await connection.query(
    `UPDATE schedule_runs SET state = 'waiting', scheduler = NULL, takes_turn = true
     WHERE state = 'running' AND scheduler = $1 AND id <> ALL ($2::text[])`,
    [scheduler, calling],
  );
}

/** A run now, beside the clock's; the job may be paused. */
export async function askForRun(
  connection: Connection,
  job: JobRow,
  who: string,
  nowMs: number,
): Promise<RunRow> {
  const [asked] = await connection.query<RunRow>(
    `INSERT INTO schedule_runs (id, job, scheduled_at, start_at, state, asked_by, takes_turn)
     VALUES ($1, $2, $3, $3, 'waiting', $4, $5) RETURNING ${columns}`,
    [
      `${job.id}:${nowMs}:${crypto.randomUUID().slice(0, 8)}`,
      job.id,
      new Date(nowMs),
      who,
      job.overlap === "queue",
    ],
  );
  return asked!;
}

/** Newest first. */
export const listRuns = (
  connection: Connection,
  job: string,
  filter: { before?: Date | undefined; limit: number },
): Promise<RunRow[]> =>
  connection.query<RunRow>(
    `SELECT ${columns} FROM schedule_runs WHERE job = $1 AND ($2::timestamptz IS NULL OR scheduled_at < $2)
     ORDER BY scheduled_at DESC, id DESC LIMIT $3`,
    [job, filter.before ?? null, filter.limit],
  );

/** The newest run of each job that has one. */
export const lastRuns = (connection: Connection, jobs: string[]): Promise<RunRow[]> =>
  connection.query<RunRow>(
    `SELECT last.* FROM unnest($1::text[]) AS wanted (id) CROSS JOIN LATERAL (
       SELECT ${columns} FROM schedule_runs WHERE job = wanted.id ORDER BY scheduled_at DESC, id DESC LIMIT 1) AS last`,
    [jobs],
  );

/** @throws ScheduleRunUnknownError */
export async function getRun(connection: Connection, job: JobRow, id: string): Promise<RunRow> {
  const run = await first(
    connection.query<RunRow>(`SELECT ${columns} FROM schedule_runs WHERE id = $1 AND job = $2`, [id, job.id]),
  );
  if (!run) throw new ScheduleRunUnknownError(id, job.name);
  return run;
}

/** History keeps a week whole, and the newest 1,000 runs of each job for 90 days. */
export async function forgetOldRuns(connection: Connection): Promise<void> {
  await connection.query(
    `DELETE FROM schedule_runs WHERE ended_at < now() - interval '90 days' OR (ended_at < now() - interval '7 days' AND id IN (
       SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY job ORDER BY scheduled_at DESC) AS place FROM schedule_runs) AS ranked
       WHERE place > 1000))`,
  );
}
