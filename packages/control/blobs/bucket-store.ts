import type { AppEnvironment, AppName, BucketRemoved, EnvironmentName } from "@evenkeel/model";
import { record } from "../audit/audit-log.ts";
import type { Connection } from "../database/connection.ts";
import type { Database } from "../database/database.ts";
import type { BlobsLink } from "./blobs-link.ts";

/** Without an environment: any of its. */
export async function hasBucket(
  connection: Connection,
  { app, environment }: Pick<AppEnvironment, "app"> & Partial<AppEnvironment>,
): Promise<boolean> {
  const rows = await connection.query(
    "SELECT 1 FROM buckets WHERE app = $1 AND ($2::text IS NULL OR environment = $2) LIMIT 1",
    [app, environment ?? null],
  );
  return rows.length > 0;
}

/** @returns whether it was not wanted before */
export async function wantBucket(
  connection: Connection,
  { app, environment }: AppEnvironment,
  who: string,
): Promise<boolean> {
  const added = await connection.query(
    "INSERT INTO buckets (app, environment, created_by) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING 1",
    [app, environment, who],
  );
  if (added.length === 0) return false;
  await connection.query("DELETE FROM bucket_removals WHERE app = $1 AND environment = $2", [
    app,
    environment,
  ]);
  await record(connection, { who, action: "bucket.create", app, detail: { environment } });
  return true;
}

/** Takes buckets from their app; `removeBucket` does the rest. Of all its environments where none is named. */
export const giveUpBuckets = (
  connection: Connection,
  app: AppName,
  environment?: EnvironmentName,
): Promise<AppEnvironment[]> =>
  connection.query<{ app: AppName; environment: EnvironmentName }>(
    `WITH gone AS (
       DELETE FROM buckets WHERE app = $1 AND ($2::text IS NULL OR environment = $2) RETURNING app, environment
     )
     INSERT INTO bucket_removals (app, environment) SELECT app, environment FROM gone
     ON CONFLICT (app, environment) DO UPDATE SET requested_at = now() RETURNING app, environment`,
    [app, environment ?? null],
  );

/** Brings a removal that was written down to its end. @throws BlobsUnreachableError; it stays written down */
export async function removeBucket(
  database: Database,
  blobs: BlobsLink,
  { app, environment }: AppEnvironment,
): Promise<BucketRemoved | undefined> {
  const { removed } = await blobs.ask({ type: "remove", app, environment });
  await database.query("DELETE FROM bucket_removals WHERE app = $1 AND environment = $2", [app, environment]);
  return removed;
}

/** Takes up what an earlier control has left. */
export async function resumeBucketRemovals(database: Database, blobs: BlobsLink): Promise<void> {
  const rows = await database.query<{ app: AppName; environment: EnvironmentName }>(
    `SELECT app, environment FROM bucket_removals
     WHERE NOT EXISTS (SELECT FROM buckets WHERE (buckets.app, buckets.environment) = (bucket_removals.app, bucket_removals.environment))`,
  );
  for (const row of rows) {
    void removeBucket(database, blobs, row).catch((error) =>
      console.error(`control: removing the bucket of ${row.app}/${row.environment}: ${error.message}`),
    );
  }
}
