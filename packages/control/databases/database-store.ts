import type { AppEnvironment, AppName, EnvironmentName } from "@evenkeel/model";
import { record } from "../audit/audit-log.ts";
import type { Connection } from "../database/connection.ts";
import { DatabaseUnknownError } from "../errors.ts";

/** From now on the app environment is to have a database; false if it was so before. */
export async function wantDatabase(
  connection: Connection,
  { app, environment }: AppEnvironment,
  who: string,
): Promise<boolean> {
  const inserted = await connection.query(
    "INSERT INTO databases (app, environment, created_by) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING 1",
    [app, environment, who],
  );
  if (inserted.length === 0) return false;
  await record(connection, { who, action: "database.create", app, detail: { environment } });
  return true;
}

export async function hasDatabase(
  connection: Connection,
  { app, environment }: AppEnvironment,
): Promise<boolean> {
  const rows = await connection.query("SELECT 1 FROM databases WHERE app = $1 AND environment = $2", [
    app,
    environment,
  ]);
  return rows.length > 0;
}

/** @throws DatabaseUnknownError */
export async function requireDatabase(connection: Connection, name: AppEnvironment): Promise<void> {
  if (!(await hasDatabase(connection, name))) throw new DatabaseUnknownError(name.app, name.environment);
}

/** The environment whose database branches are copies of: previews' own where somebody has made one, else production's. */
export async function parentOfBranches(
  connection: Connection,
  app: AppName,
): Promise<EnvironmentName | undefined> {
  const rows = await connection.query<{ environment: EnvironmentName }>(
    "SELECT environment FROM databases WHERE app = $1 AND environment IN ('preview', 'production') ORDER BY environment",
    [app],
  );
  return rows[0]?.environment;
}

/** Names of databases, of all apps or one. */
export const listDatabases = (connection: Connection, app?: AppName): Promise<AppEnvironment[]> =>
  connection.query<{ app: AppName; environment: EnvironmentName }>(
    "SELECT app, environment FROM databases WHERE $1::text IS NULL OR app = $1 ORDER BY app, environment",
    [app ?? null],
  );

/** Takes databases from their app; `DatabaseRemover` does the rest. Of all its environments where none is named. */
export const giveUpDatabases = (
  connection: Connection,
  app: AppName,
  environment?: EnvironmentName,
): Promise<AppEnvironment[]> =>
  connection.query<{ app: AppName; environment: EnvironmentName }>(
    `WITH gone AS (
       DELETE FROM databases WHERE app = $1 AND ($2::text IS NULL OR environment = $2) RETURNING app, environment
     )
     INSERT INTO database_removals (app, environment) SELECT app, environment FROM gone
     ON CONFLICT (app, environment) DO UPDATE SET requested_at = now() RETURNING app, environment`,
    [app, environment ?? null],
  );
