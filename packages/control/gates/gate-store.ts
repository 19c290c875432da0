import type { DeploymentId, ErrorJson } from "@evenkeel/model";
import type { Gate } from "../api/contract/index.ts";
import type { Connection } from "../database/connection.ts";

interface GateRow {
  name: string;
  stage: Gate["stage"];
  state: Gate["state"];
  started_at: Date;
  ended_at: Date | null;
  error: ErrorJson | null;
}

export async function gatesOf(connection: Connection, deployment: DeploymentId): Promise<Gate[]> {
  const rows = await connection.query<GateRow & Record<string, unknown>>(
    `SELECT name, stage, state, started_at, ended_at, error FROM deployment_gates
     WHERE deployment = $1 ORDER BY stage, position`,
    [deployment],
  );
  return rows.map(({ name, stage, state, started_at, ended_at, error }) => ({
    ...{ name, stage, state, startedAtMs: started_at.getTime() },
    ...(ended_at && { endedAtMs: ended_at.getTime() }),
    ...(error && { error }),
  }));
}

export async function beginGate(
  connection: Connection,
  deployment: DeploymentId,
  { name, stage, position }: { name: string; stage: Gate["stage"]; position: number },
): Promise<void> {
  await connection.query(
    `INSERT INTO deployment_gates (deployment, name, stage, position, state) VALUES ($1, $2, $3, $4, 'running')
     ON CONFLICT (deployment, name) DO UPDATE SET state = 'running', started_at = now(), ended_at = NULL, error = NULL`,
    [deployment, name, stage, position],
  );
}

export async function endGate(
  connection: Connection,
  deployment: DeploymentId,
  name: string,
  error?: ErrorJson,
): Promise<void> {
  await connection.query(
    "UPDATE deployment_gates SET state = $3, ended_at = now(), error = $4 WHERE deployment = $1 AND name = $2",
    [deployment, name, error ? "failed" : "passed", error ? JSON.stringify(error) : null],
  );
}
