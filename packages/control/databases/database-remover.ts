import type { AppEnvironment, DatabaseProgress, DatabaseRemoved } from "@evenkeel/model";
import type { Database } from "../database/database.ts";
import type { DatabasesLink } from "./databases-link.ts";

/**
 * Brings removals to their end that were written down by `giveUpDatabases`. The keeper deletes nothing before it has a last backup;
 * what fails is tried again at the next start of control.
 */
export class DatabaseRemover {
  constructor(
    private readonly database: Database,
    private readonly databases: DatabasesLink,
  ) {}

  /** Undefined: the keeper had none. @throws ReportedError, DatabasesUnreachableError; the removal stays written down */
  async remove(
    name: AppEnvironment,
    onProgress: (progress: DatabaseProgress) => void = () => {},
  ): Promise<DatabaseRemoved | undefined> {
    const { app, environment } = name;
    const { removed } = await this.databases.ask({ type: "remove", app, environment }, onProgress);
    await this.database.query("DELETE FROM database_removals WHERE app = $1 AND environment = $2", [
      app,
      environment,
    ]);
    return removed;
  }

  /** Takes up what an earlier control has left. */
  async resume(): Promise<void> {
    const rows = await this.database.query<AppEnvironment & Record<string, unknown>>(
      `SELECT app, environment FROM database_removals
       WHERE NOT EXISTS (SELECT FROM databases WHERE (databases.app, databases.environment) = (database_removals.app, database_removals.environment))`,
    );
    for (const row of rows) {
      void this.remove(row).catch((error) =>
        console.error(`control: removing the database of ${row.app}/${row.environment}: ${error.message}`),
      );
    }
  }
}
