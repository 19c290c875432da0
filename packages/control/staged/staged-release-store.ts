import type { AppName, DeploymentId, RolloutStep } from "@evenkeel/model";
import type { Comparison, StagedRelease, StagedStep } from "../api/contract/index.ts";
import { type Connection, first } from "../database/connection.ts";
import { usualFewestRequests } from "./compare-releases.ts";

export interface StagedRow {
  id: number;
  app: AppName;
  environment: "production" | "staging";
  host: string;
  deployment: DeploymentId;
  baseline: DeploymentId;
  kind: StagedRelease["kind"];
  state: StagedRelease["state"];
  step: number;
  reason: string | null;
  ignoreSchema: boolean;
  /** Of each side, before a step is over. */
  minimumRequests: number;
  createdAt: Date;
  createdBy: string;
  endedAt: Date | null;
  endedBy: string | null;
  endedReason: string | null;
  steps: StagedStepRow[];
}

export interface StagedStepRow extends RolloutStep {
  elapsedMs: number;
  /** ISO 8601. */
  startedAt: string | null;
  endedAt: string | null;
  comparison: Comparison | null;
}

/** States in which it has a share of the visitors. */
export const staging = "('running', 'held')";

const columns = `id, app, environment, host, deployment, baseline, kind, state, step, reason, ignore_schema AS "ignoreSchema", minimum_requests AS "minimumRequests",
  created_at AS "createdAt", created_by AS "createdBy", ended_at AS "endedAt", ended_by AS "endedBy", ended_reason AS "endedReason",
  (SELECT jsonb_agg(jsonb_build_object('share', share, 'durationMs', duration_ms, 'elapsedMs', elapsed_ms,
      'startedAt', started_at, 'endedAt', ended_at, 'comparison', comparison) ORDER BY position)
    FROM staged_release_steps WHERE staged_release = staged_releases.id) AS steps`;

export interface StagedWish {
  app: AppName;
  environment: "production" | "staging";
  host: string;
  deployment: DeploymentId;
  baseline: DeploymentId;
  kind: StagedRelease["kind"];
  steps: RolloutStep[];
  who: string;
  reason?: string | undefined;
  ignoreSchema?: boolean | undefined;
  /** Default 50. */
  minimumRequests?: number | undefined;
}

/** Begun with its first step. The caller holds the environment's row. */
export async function insertStaged(connection: Connection, wish: StagedWish): Promise<StagedRow> {
  const [inserted] = await connection.query<{ id: number }>(
    `INSERT INTO staged_releases (app, environment, host, deployment, baseline, kind, reason, ignore_schema, created_by, minimum_requests)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id`,
    [
      ...[wish.app, wish.environment, wish.host, wish.deployment, wish.baseline, wish.kind],
      ...[wish.reason ?? null, wish.ignoreSchema ?? false, wish.who],
      wish.minimumRequests ?? usualFewestRequests,
    ],
  );
  await connection.query(
    `INSERT INTO staged_release_steps (staged_release, position, share, duration_ms, started_at)
     SELECT $1, position, share, "durationMs", CASE position WHEN 1 THEN now() END
     FROM jsonb_to_recordset($2) AS step (position smallint, share double precision, "durationMs" bigint)`,
    [inserted!.id, JSON.stringify(wish.steps.map((step, index) => ({ ...step, position: index + 1 })))],
  );
  return (await getStaged(connection, inserted!.id))!;
}

export const getStaged = (connection: Connection, id: number): Promise<StagedRow | undefined> =>
  first(connection.query<StagedRow>(`SELECT ${columns} FROM staged_releases WHERE id = $1`, [id]));

/** Held until the transaction ends; the environment's row is locked before. */
export const lockStaged = (connection: Connection, id: number): Promise<StagedRow | undefined> =>
  first(connection.query<StagedRow>(`SELECT ${columns} FROM staged_releases WHERE id = $1 FOR UPDATE`, [id]));

export const stagedUnderWay = (connection: Connection): Promise<StagedRow[]> =>
  connection.query<StagedRow>(`SELECT ${columns} FROM staged_releases WHERE state IN ${staging} ORDER BY id`);

/** The newest that a deployment's own pipeline began. */
export const stagedOfDeploy = (
  connection: Connection,
  deployment: DeploymentId,
): Promise<StagedRow | undefined> =>
  first(
    connection.query<StagedRow>(
      `SELECT ${columns} FROM staged_releases WHERE deployment = $1 AND kind = 'deploy' ORDER BY id DESC LIMIT 1`,
      [deployment],
    ),
  );

/** The newest of an environment, whatever became of it. */
export const newestStaged = (
  connection: Connection,
  app: AppName,
  environment: string,
): Promise<StagedRow | undefined> =>
  first(
    connection.query<StagedRow>(
      `SELECT ${columns} FROM staged_releases WHERE app = $1 AND environment = $2 ORDER BY id DESC LIMIT 1`,
      [app, environment],
    ),
  );

/** False: it had ended. */
export async function endStaged(
  connection: Connection,
  id: number,
  end: { state: "done" | "aborted"; who: string; reason?: string | undefined },
): Promise<boolean> {
  const rows = await connection.query<Pick<StagedRow, "app" | "environment">>(
    `WITH ended AS (
       UPDATE staged_releases SET state = $2, ended_at = now(), ended_by = $3, ended_reason = $4
       WHERE id = $1 AND state IN ${staging} RETURNING id, step, app, environment)
     UPDATE staged_release_steps SET ended_at = now() FROM ended
     WHERE staged_release = ended.id AND position = ended.step RETURNING app, environment`,
    [id, end.state, end.who, end.reason ?? null],
  );
  for (const of of rows) connection.publish({ kind: "release", ...of });
  return rows.length > 0;
}

export async function moveToStep(connection: Connection, id: number, step: number): Promise<void> {
  const rows = await connection.query<Pick<StagedRow, "app" | "environment">>(
    "UPDATE staged_releases SET step = $2, state = 'running' WHERE id = $1 RETURNING app, environment",
    [id, step],
  );
  for (const of of rows) connection.publish({ kind: "release", ...of });
  await connection.query(
    `UPDATE staged_release_steps SET ended_at = CASE WHEN position = $2 THEN NULL ELSE now() END,
       started_at = CASE WHEN position = $2 THEN now() ELSE started_at END
     WHERE staged_release = $1 AND position IN ($2, $2 - 1)`,
    [id, step],
  );
}

/** How long the step has lasted and what was seen of it. */
export async function noteStep(
  connection: Connection,
  { id, step }: Pick<StagedRow, "id" | "step">,
  elapsedMs: number,
  comparison: Comparison,
): Promise<void> {
  await connection.query(
    "UPDATE staged_release_steps SET elapsed_ms = $3, comparison = $4 WHERE staged_release = $1 AND position = $2",
    [id, step, Math.round(elapsedMs), JSON.stringify(comparison)],
  );
}

export interface StagedNow {
  elapsedMs: number;
  comparison: Comparison;
  waitsFor: NonNullable<StagedRelease["waitsFor"]>;
}

/** @param now of the step under way, where that is known better than it was last written */
export function stagedView(row: StagedRow, now?: StagedNow): StagedRelease {
  const {
    ignoreSchema: _,
    minimumRequests: __,
    createdAt,
    reason,
    endedAt,
    endedBy,
    endedReason,
    steps,
    ...facts
  } = row;
  const isOver = row.state === "done" || row.state === "aborted";
  return {
    ...facts,
    steps: steps.map((step, index) => stepView(step, index + 1, row, now)),
    ...(now && !isOver && { waitsFor: now.waitsFor, comparison: now.comparison }),
    ...(reason !== null && { reason }),
    createdAtMs: createdAt.getTime(),
    ...(endedAt && { endedAtMs: endedAt.getTime() }),
    ...(endedBy !== null && { endedBy }),
    ...(endedReason !== null && { endedReason }),
  };
}

function stepView(
  { startedAt, endedAt, comparison, elapsedMs, ...step }: StagedStepRow,
  position: number,
  row: StagedRow,
  now: StagedNow | undefined,
): StagedStep {
  const isNow = position === row.step && endedAt === null;
  return {
    ...step,
    state: isNow ? "running" : startedAt === null ? "waiting" : "done",
    elapsedMs: isNow && now ? Math.round(now.elapsedMs) : elapsedMs,
    ...(startedAt !== null && { startedAtMs: Date.parse(startedAt) }),
    ...(endedAt !== null && { endedAtMs: Date.parse(endedAt) }),
    ...(comparison !== null && { comparison }),
  };
}
