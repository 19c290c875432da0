import type { AppName, DeploymentId } from "@evenkeel/model";
import { admitRuns, type ScheduleDefinition, type SchedulePolicy, usualPolicy } from "@evenkeel/schedules";
import type { Connection } from "../database/connection.ts";
import type { Database } from "../database/database.ts";

/** A run that is this scheduler's to call. */
export interface ClaimedRun {
  id: string;
  job: string;
  app: AppName;
  definition: ScheduleDefinition;
  deployment: DeploymentId;
  scheduledAtMs: number;
  retries: number;
  limitMs: number | null;
  failures: number;
}

interface CandidateRow {
  id: string;
  job: string;
  app: AppName;
  definition: ScheduleDefinition | null;
  deployment: DeploymentId | null;
  scheduledAt: Date;
  overlap: SchedulePolicy["overlap"] | null;
  takesTurn: boolean;
  retries: number | null;
  limitMs: number | null;
  failures: number;
}

/**
 * Takes runs whose time has come for the scheduler `by`. Runs and jobs that another scheduler looks at are left to it; which jobs run is
 * read after their rows are held, so two schedulers never both see a job as free.
 *
 * @param fullApps apps that have as many calls under way as they may
 */
export function claimRuns(
  database: Database,
  by: string,
  nowMs: number,
  most: number,
  fullApps: AppName[] = [],
): Promise<ClaimedRun[]> {
  return database.transaction(async (connection) => {
    const candidates = await connection.query<CandidateRow>(
      `SELECT runs.id, runs.job, jobs.app, jobs.definition, jobs.deployment, runs.scheduled_at AS "scheduledAt", jobs.overlap,
         runs.takes_turn AS "takesTurn", jobs.retries, jobs.limit_ms AS "limitMs", runs.failures
       FROM schedule_runs AS runs JOIN schedule_jobs AS jobs ON jobs.id = runs.job
       WHERE runs.state = 'waiting' AND runs.start_at <= $1 AND jobs.app <> ALL ($3::text[])
         AND (NOT runs.takes_turn OR jobs.overlap = 'allow'
           OR NOT EXISTS (SELECT FROM schedule_runs AS other WHERE other.job = runs.job AND other.state = 'running'))
       ORDER BY runs.start_at, runs.scheduled_at LIMIT $2 FOR UPDATE OF runs, jobs SKIP LOCKED`,
      [new Date(nowMs), most, fullApps],
    );
    if (candidates.length === 0) return [];
    const running = await connection.query<{ job: string }>(
      "SELECT DISTINCT job FROM schedule_runs WHERE state = 'running' AND job = ANY ($1)",
      [[...new Set(candidates.map(({ job }) => job))]],
    );
    const { run, skip } = admitRuns(
      candidates.map(({ overlap, takesTurn, definition, deployment, ...one }) => ({
        ...{ id: one.id, job: one.job, overlap: overlap ?? usualPolicy.overlap, takesTurn },
        released: definition !== null && deployment !== null,
      })),
      new Set(running.map(({ job }) => job)),
    );
    await startRuns(connection, run, by, nowMs);
    await skipRuns(connection, skip, nowMs);
    for (const { app, id } of candidates) connection.publish({ kind: "schedule", app, id });
    const chosen = new Set(run);
    return candidates.filter(({ id }) => chosen.has(id)).map(claimed);
  });
}

const claimed = ({ scheduledAt, definition, deployment, retries, ...row }: CandidateRow): ClaimedRun => ({
  ...{ id: row.id, job: row.job, app: row.app, definition: definition!, deployment: deployment! },
  ...{ scheduledAtMs: scheduledAt.getTime(), retries: retries ?? usualPolicy.retries },
  ...{ limitMs: row.limitMs, failures: row.failures },
});

async function startRuns(connection: Connection, ids: string[], by: string, nowMs: number): Promise<void> {
  if (ids.length === 0) return;
  await connection.query(
    `UPDATE schedule_runs AS run SET state = 'running', scheduler = $2, calls = calls + 1, deployment = job.deployment,
       started_at = coalesce(run.started_at, $3) FROM schedule_jobs AS job WHERE job.id = run.job AND run.id = ANY ($1)`,
    [ids, by, new Date(nowMs)],
  );
}

async function skipRuns(
  connection: Connection,
  skipped: { id: string; reason: string }[],
  nowMs: number,
): Promise<void> {
  if (skipped.length === 0) return;
  await connection.query(
    `UPDATE schedule_runs AS run SET state = 'skipped', reason = skipped.reason, ended_at = $3
     FROM unnest($1::text[], $2::text[]) AS skipped (id, reason) WHERE run.id = skipped.id`,
    [skipped.map(({ id }) => id), skipped.map(({ reason }) => reason), new Date(nowMs)],
  );
}
