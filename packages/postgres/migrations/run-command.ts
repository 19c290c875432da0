import type { Client, ClientConfig } from "pg";
import { MigrationFailedError } from "../errors.ts";
import { type AppliedMigration, prepareLedger, readLedger } from "./ledger.ts";
import { withMigrationLock } from "./migration-lock.ts";
import { breakingChanges, type SchemaSnapshot, schemaSnapshot } from "./schema-snapshot.ts";

export interface CommandRun {
  connection: ClientConfig | string;
  /** Names the run in the ledger: the deployment's id. */
  name: string;
  /** Runs the command to its end, in the app's sandbox and environment; its exit code. */
  run: () => Promise<number>;
  waitMs?: number;
  onWaiting?: () => void;
}

/**
 * Runs a migration command of the app's own under the lock, and notes in the ledger what it did to the schema, by comparing it
 * before and after: nobody can read its statements beforehand. What a run that was interrupted had done is counted to the next one,
 * since the schema of before was written down.
 *
 * @throws MigrationFailedError when it ends with another code than 0, MigrationBusyError
 */
export function runMigrationCommand(options: CommandRun): Promise<AppliedMigration[]> {
  const { connection, name, run } = options;
  return withMigrationLock(
    connection,
    async (client) => {
      await prepareLedger(client);
      await begin(client, name, await schemaSnapshot(client));
      const code = await run();
      await conclude(client, name);
      if (code === 0) return readLedger(client);
      throw new MigrationFailedError(`The migration command of ${name} ended with code ${code}`, {
        hint: "Its log says why. What it has done by then has stayed.",
      });
    },
    options,
  );
}

/** The oldest snapshot that no run has been compared with counts. */
async function begin(client: Client, name: string, now: SchemaSnapshot): Promise<void> {
  await client.query(
    `INSERT INTO evenkeel.migrations (name, kind, checksum, effect, breaks_old_code, lsn_before, schema_before)
     SELECT $1, 'command', '', 'opaque', false, coalesce(begun.lsn_before, pg_current_wal_lsn()), coalesce(begun.schema_before, $2)
     FROM (VALUES (1)) one LEFT JOIN LATERAL (SELECT lsn_before, schema_before FROM evenkeel.migrations
       WHERE kind = 'command' AND finished_at IS NULL ORDER BY position LIMIT 1) begun ON true
     ON CONFLICT (name) DO UPDATE SET finished_at = NULL, schema_before = excluded.schema_before`,
    [name, JSON.stringify([...now])],
  );
}

async function conclude(client: Client, name: string): Promise<void> {
  const { rows } = await client.query<{ schema_before: [string, string][] }>(
    "SELECT schema_before FROM evenkeel.migrations WHERE name = $1",
    [name],
  );
  const changes = breakingChanges(new Map(rows[0]?.schema_before), await schemaSnapshot(client));
  await client.query(
    `UPDATE evenkeel.migrations
     SET breaks_old_code = breaks_old_code OR (name = $1 AND $2), finished_at = clock_timestamp(), schema_before = NULL
     WHERE kind = 'command' AND (name = $1 OR finished_at IS NULL)`,
    [name, changes.length > 0],
  );
  // One row a deployment would be many; those that broke nothing tell nobody anything.
  await client.query(
    "DELETE FROM evenkeel.migrations WHERE kind = 'command' AND finished_at IS NOT NULL AND NOT breaks_old_code AND name <> $1",
    [name],
  );
}
