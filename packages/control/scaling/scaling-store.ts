import type { AppEnvironment } from "@evenkeel/model";
import type { Connection } from "../database/connection.ts";
import type { Scaling } from "./scaling.ts";

export const readScalings = (
  connection: Connection,
  { app, environment }: Pick<AppEnvironment, "app"> & { environment: string },
): Promise<Scaling[]> =>
  connection.query<Scaling & Record<string, unknown>>(
    "SELECT clause, resource, steps, most FROM scalings WHERE app = $1 AND environment = $2 ORDER BY clause",
    [app, environment],
  );

/** Of all environments. */
export const allScalings = (connection: Connection): Promise<(AppEnvironment & Scaling)[]> =>
  connection.query<AppEnvironment & Scaling & Record<string, unknown>>(
    "SELECT app, environment, clause, resource, steps, most FROM scalings",
  );

/** No steps: it is over. */
export async function writeScaling(
  connection: Connection,
  { app, environment }: AppEnvironment,
  { clause, resource, steps, most }: Scaling,
): Promise<void> {
  if (steps <= 0) {
    await connection.query("DELETE FROM scalings WHERE app = $1 AND environment = $2 AND clause = $3", [
      ...[app, environment, clause],
    ]);
    return;
  }
  await connection.query(
    `INSERT INTO scalings (app, environment, clause, resource, steps, most) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (app, environment, clause) DO UPDATE SET resource = $4, steps = $5, most = $6, changed_at = now()`,
    [app, environment, clause, resource, steps, most],
  );
}
