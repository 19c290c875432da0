import type { Incident } from "../api/contract/index.ts";
import { type Connection, first } from "../database/connection.ts";

/** What was released so shortly before a trouble began is likely its reason. */
const suspectWithin = "1 hour";

/** The newest release of an app environment, if it is of the last hour. */
export async function suspectRelease(
  connection: Connection,
  { app, environment }: { app?: string | undefined; environment?: string | undefined },
): Promise<Incident["suspect"] | undefined> {
  if (app === undefined || environment === undefined) return undefined;
  const row = await first(
    connection.query<{ deployment: string; release: number; at: Date }>(
      `SELECT deployment, version AS release, created_at AS at FROM releases
       WHERE app = $1 AND environment = $2 AND created_at > now() - interval '${suspectWithin}' AND version > 1 ORDER BY version DESC LIMIT 1`,
      [app, environment],
    ),
  );
  return row && { deployment: row.deployment, release: row.release, releasedAtMs: row.at.getTime() };
}
