import type { DeploymentId, ErrorJson, OutputId } from "@evenkeel/model";
import { type DeploymentState, stepNames } from "../api/contract/index.ts";
import type { Connection } from "../database/connection.ts";
import type { Database } from "../database/database.ts";
import { getSteps, type StepRow, underWay } from "../deployments/deployment-row.ts";

/**
 * Starts the step at `position`. False: the deployment was cancelled or superseded meanwhile, and nothing was written.
 */
export async function startStep(
  connection: Connection,
  id: DeploymentId,
  position: number,
  state: DeploymentState,
): Promise<boolean> {
  const rows = await connection.query(
    `WITH alive AS (UPDATE deployments SET state = $3 WHERE id = $1 AND state IN ${underWay} RETURNING id)
     UPDATE deployment_steps SET state = 'running', started_at = now(), ended_at = NULL, error = NULL
     FROM alive WHERE deployment = alive.id AND position = $2 RETURNING 1`,
    [id, position, state],
  );
  return rows.length > 0;
}

/**
 * Gives a deployment that an earlier version of the platform accepted the steps that this one has. One that would have come before
 * what is done already is skipped.
 */
export async function alignSteps(database: Database, id: DeploymentId): Promise<StepRow[]> {
  const rows = await getSteps(database, id);
  if (rows.length === stepNames.length && rows.every(({ name }, index) => name === stepNames[index]))
    return rows;
  return database.transaction(async (connection) => {
    const known = new Map((await getSteps(connection, id)).map((row) => [row.name, row]));
    const lastBegun = stepNames.findLastIndex((name) => (known.get(name)?.state ?? "waiting") !== "waiting");
    const aligned = stepNames.map(
      (name, index): StepRow => ({
        ...{ name, startedAt: null, endedAt: null, error: null, result: null },
        ...(known.get(name) ?? { state: index < lastBegun ? "skipped" : "waiting" }),
        position: index + 1,
      }),
    );
    await connection.query("DELETE FROM deployment_steps WHERE deployment = $1", [id]);
    await connection.query(
      `INSERT INTO deployment_steps (deployment, position, name, state, started_at, ended_at, error, result)
       SELECT $1, position, name, state, "startedAt", "endedAt", error, result
       FROM jsonb_to_recordset($2) AS step (position smallint, name text, state text, "startedAt" timestamptz, "endedAt" timestamptz,
         error jsonb, result jsonb)`,
      [id, JSON.stringify(aligned)],
    );
    return aligned;
  });
}

export async function endStep(
  connection: Connection,
  id: DeploymentId,
  position: number,
  end: { state: "done" | "failed" | "skipped"; result?: Record<string, unknown>; error?: ErrorJson },
): Promise<void> {
  await connection.query(
    `UPDATE deployment_steps SET state = $3, started_at = coalesce(started_at, now()), ended_at = now(), result = $4, error = $5
     WHERE deployment = $1 AND position = $2`,
    [
      id,
      position,
      end.state,
      end.result ? JSON.stringify(end.result) : null,
      end.error ? JSON.stringify(end.error) : null,
    ],
  );
}

export async function recordOutput(
  connection: Connection,
  id: DeploymentId,
  output: OutputId,
  { hasFunctions, processes }: { hasFunctions: boolean; processes: Record<string, string> | undefined },
): Promise<void> {
  await connection.query(
    "UPDATE deployments SET output = $2, has_functions = $3, processes = $4 WHERE id = $1",
    [id, output, hasFunctions, processes ? JSON.stringify(processes) : null],
  );
}

/** Ends a deployment that is under way; false if something else ended it first. */
export async function endDeployment(
  connection: Connection,
  id: DeploymentId,
  end: { state: "ready" | "failed" | "cancelled"; error?: ErrorJson },
): Promise<boolean> {
  const rows = await connection.query(
    `UPDATE deployments SET state = $2, error = $3, ended_at = now(), ready_at = CASE $2 WHEN 'ready' THEN now() END
     WHERE id = $1 AND state IN ${underWay} RETURNING 1`,
    [id, end.state, end.error ? JSON.stringify(end.error) : null],
  );
  return rows.length > 0;
}

/** Cancels it unless it is live already: what has been switched to is undone by a rollback. */
export async function cancelDeployment(connection: Connection, id: DeploymentId): Promise<boolean> {
  const rows = await connection.query(
    `UPDATE deployments SET state = 'cancelled', ended_at = now() WHERE id = $1 AND state IN ${underWay}
       AND NOT EXISTS (SELECT FROM releases WHERE releases.deployment = $1 AND kind = 'deploy') RETURNING 1`,
    [id],
  );
  return rows.length > 0;
}
