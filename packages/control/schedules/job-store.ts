import type { AppName, DeploymentId } from "@evenkeel/model";
import { randomId } from "@evenkeel/model";
import { nextTime, type ScheduleDefinition, type SchedulePolicy, usualPolicy } from "@evenkeel/schedules";
import { type Connection, first } from "../database/connection.ts";
import { ScheduleUnknownError } from "../errors.ts";

export interface JobRow {
  id: string;
  app: AppName;
  name: string;
  /** Null while the current release does not declare the job. */
  definition: ScheduleDefinition | null;
  deployment: DeploymentId | null;
  overlap: SchedulePolicy["overlap"] | null;
  missed: SchedulePolicy["missed"] | null;
  retries: number | null;
  limitMs: number | null;
  pausedAt: Date | null;
  pausedBy: string | null;
  nextAt: Date | null;
}

const columns = `id, app, name, definition, deployment, overlap, missed, retries, limit_ms AS "limitMs",
  paused_at AS "pausedAt", paused_by AS "pausedBy", next_at AS "nextAt"`;

export const policyOf = (job: JobRow): SchedulePolicy => ({
  overlap: job.overlap ?? usualPolicy.overlap,
  missed: job.missed ?? usualPolicy.missed,
  retries: job.retries ?? usualPolicy.retries,
  limitMs: job.limitMs ?? usualPolicy.limitMs,
});

/** Keeps what a deployment declares, until it is released. May be repeated. */
export async function declareSchedules(
  connection: Connection,
  deployment: DeploymentId,
  definitions: ScheduleDefinition[],
): Promise<void> {
  await connection.query(
    `INSERT INTO deployment_schedules (deployment, name, definition)
     SELECT $1, declared ->> 'name', declared FROM jsonb_array_elements($2::jsonb) AS declared
     ON CONFLICT (deployment, name) DO UPDATE SET definition = excluded.definition`,
    [deployment, JSON.stringify(definitions)],
  );
}

/**
 * Makes what a deployment declares the jobs of its app, in the transaction of its release. A job whose times stay the same goes on
 * where it is: a time that falls into the switch comes once. One that is new, back or changed begins now.
 */
export async function releaseSchedules(
  connection: Connection,
  app: AppName,
  deployment: DeploymentId,
  nowMs: number,
): Promise<void> {
  const declared = await connection.query<{ definition: ScheduleDefinition }>(
    "SELECT definition FROM deployment_schedules WHERE deployment = $1",
    [deployment],
  );
  const definitions = declared.map(({ definition }) => ({
    ...definition,
    id: randomId(12),
    nextAtMs: nextTime(definition, nowMs) ?? null,
  }));
  await connection.query(
    `UPDATE schedule_jobs SET definition = NULL, deployment = NULL, next_at = NULL
     WHERE app = $1 AND name <> ALL ($2::text[]) AND definition IS NOT NULL`,
    [app, definitions.map(({ name }) => name)],
  );
  await connection.query(
    `INSERT INTO schedule_jobs AS job (id, app, name, definition, deployment, decided_through, next_at)
     SELECT declared ->> 'id', $1, declared ->> 'name', declared - 'id' - 'nextAtMs', $2, $3,
       to_timestamp((declared ->> 'nextAtMs')::float8 / 1000) FROM jsonb_array_elements($4::jsonb) AS declared
     ON CONFLICT (app, name) DO UPDATE SET
       definition = excluded.definition, deployment = excluded.deployment,
       decided_through = CASE WHEN ${sameTimes} THEN job.decided_through ELSE excluded.decided_through END,
       next_at = CASE WHEN job.paused_at IS NOT NULL THEN NULL WHEN ${sameTimes} THEN job.next_at ELSE excluded.next_at END`,
    [app, deployment, new Date(nowMs), JSON.stringify(definitions)],
  );
}

const sameTimes = `coalesce(job.definition -> 'cron' = excluded.definition -> 'cron'
  AND job.definition -> 'timezone' = excluded.definition -> 'timezone', false)`;

/** @throws ScheduleUnknownError */
export async function getJob(connection: Connection, app: AppName, name: string): Promise<JobRow> {
  const job = await first(
    connection.query<JobRow>(
      `SELECT ${columns} FROM schedule_jobs WHERE app = $1 AND name IN ($2, '/' || $2) ORDER BY name DESC LIMIT 1`,
      [app, name],
    ),
  );
  if (!job) throw new ScheduleUnknownError(app, name);
  return job;
}

export const listJobs = (connection: Connection, app: AppName): Promise<JobRow[]> =>
  connection.query<JobRow>(
    `SELECT ${columns} FROM schedule_jobs WHERE app = $1 ORDER BY definition IS NULL, name`,
    [app],
  );

/** `null` sets a part back to the usual; parts that are absent stay. */
export async function setPolicy(
  connection: Connection,
  job: JobRow,
  change: { [Part in keyof SchedulePolicy]?: SchedulePolicy[Part] | null | undefined },
): Promise<JobRow> {
  const part = <Key extends keyof SchedulePolicy>(key: Key) =>
    change[key] === undefined ? job[key] : change[key];
  const [changed] = await connection.query<JobRow>(
    `UPDATE schedule_jobs SET overlap = $2, missed = $3, retries = $4, limit_ms = $5 WHERE id = $1 RETURNING ${columns}`,
    [job.id, part("overlap"), part("missed"), part("retries"), part("limitMs")],
  );
  return changed!;
}

/** Its times pass without a row until it is resumed. */
export async function pauseJob(connection: Connection, job: JobRow, who: string): Promise<JobRow> {
  const [paused] = await connection.query<JobRow>(
    `UPDATE schedule_jobs SET paused_at = coalesce(paused_at, now()), paused_by = coalesce(paused_by, $2), next_at = NULL
     WHERE id = $1 RETURNING ${columns}`,
    [job.id, who],
  );
  return paused!;
}

/** What passed meanwhile does not count as missed. */
export async function resumeJob(connection: Connection, job: JobRow, nowMs: number): Promise<JobRow> {
  const nextMs = job.definition ? nextTime(job.definition, nowMs) : undefined;
  const [resumed] = await connection.query<JobRow>(
    `UPDATE schedule_jobs SET paused_at = NULL, paused_by = NULL, decided_through = $2, next_at = $3
     WHERE id = $1 AND paused_at IS NOT NULL RETURNING ${columns}`,
    [job.id, new Date(nowMs), nextMs === undefined ? null : new Date(nextMs)],
  );
  return resumed ?? job;
}
