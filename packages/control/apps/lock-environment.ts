import type { AppName, EnvironmentName } from "@evenkeel/model";
import type { Connection } from "../database/connection.ts";
import { AppUnknownError } from "../errors.ts";

/**
 * Holds an environment until the transaction ends. Whoever accepts deployments, appends releases, sets variables or removes what a
 * release could point to does it under this lock, so none of them sees another half done.
 *
 * @throws AppUnknownError
 */
export async function lockEnvironment(
  connection: Connection,
  app: AppName,
  environment: EnvironmentName,
): Promise<void> {
  const rows = await connection.query("SELECT 1 FROM environments WHERE app = $1 AND name = $2 FOR UPDATE", [
    app,
    environment,
  ]);
  if (rows.length === 0) throw new AppUnknownError(app);
}
