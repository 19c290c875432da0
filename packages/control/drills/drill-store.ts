import type { AppName } from "@evenkeel/model";
import type { DrillScenario } from "@evenkeel/runbook";
import type { Drill } from "../api/contract/index.ts";
import { type Connection, first } from "../database/connection.ts";

export async function writeDrill(connection: Connection, drill: Drill): Promise<void> {
  const { id, app, environment, scenario, state, startedMs } = drill;
  await connection.query(
    `INSERT INTO drills (id, app, environment, scenario, state, started_at, drill)
     VALUES ($1, $2, $3, $4, $5, to_timestamp($6::float8 / 1000), $7)
     ON CONFLICT (id) DO UPDATE SET state = excluded.state, drill = excluded.drill, archived = false
     WHERE drills.state = 'running'`,
    [id, app, environment, scenario, state, startedMs, JSON.stringify(drill)],
  );
}

/** Newest first. */
export async function listDrills(
  connection: Connection,
  { app, scenario, limit }: { app: AppName; scenario?: DrillScenario | undefined; limit: number },
): Promise<Drill[]> {
  const rows = await connection.query<{ drill: Drill }>(
    "SELECT drill FROM drills WHERE app = $1 AND ($2::text IS NULL OR scenario = $2) ORDER BY started_at DESC LIMIT $3",
    [app, scenario ?? null, limit],
  );
  return rows.map(({ drill }) => drill);
}

export async function readDrill(
  connection: Connection,
  app: AppName,
  id: string,
): Promise<Drill | undefined> {
  const query = "SELECT drill FROM drills WHERE app = $1 AND id = $2";
  return (await first(connection.query<{ drill: Drill }>(query, [app, id])))?.drill;
}

/** Of all apps. */
export async function runningDrills(connection: Connection): Promise<Drill[]> {
  const rows = await connection.query<{ drill: Drill }>("SELECT drill FROM drills WHERE state = 'running'");
  return rows.map(({ drill }) => drill);
}

/** Whose present content is not in the archive yet. */
export async function unarchivedDrills(connection: Connection): Promise<Drill[]> {
  const rows = await connection.query<{ drill: Drill }>(
    "SELECT drill FROM drills WHERE NOT archived AND started_at > now() - interval '30 days' ORDER BY started_at LIMIT 100",
  );
  return rows.map(({ drill }) => drill);
}

export async function noteArchived(connection: Connection, drill: Drill): Promise<void> {
  await connection.query("UPDATE drills SET archived = true WHERE id = $1 AND drill = $2", [
    drill.id,
    JSON.stringify(drill),
  ]);
}
