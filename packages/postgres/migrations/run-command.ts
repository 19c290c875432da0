import { MigrationFailedError } from "../errors.ts";
import { type AppliedMigration, prepareLedger, readLedger } from "./ledger.ts";
import { withMigrationLock } from "./migration-lock.ts";
import { breakingChanges, schemaSnapshot } from "./schema-snapshot.ts";

export interface CommandRun {
  connectionString: string;
  /** Names the run in the ledger: the deployment's id. */
  name: string;
  /** Runs the command to its end, in the app's sandbox and environment; its exit code. */
  run: () => Promise<number>;
  waitMs?: number;
}

/**
 * Runs a migration command of the app's own under the lock, and notes in the ledger what it did to the schema, by comparing it
 * before and after: nobody can read its statements beforehand.
 *
 * @throws MigrationFailedError when it ends with another code than 0.
 */
export function runMigrationCommand({
  connectionString,
  name,
  run,
  waitMs,
}: CommandRun): Promise<AppliedMigration[]> {
  return withMigrationLock(
    connectionString,
    async (client) => {
      await prepareLedger(client);
      const { rows } = await client.query("SELECT pg_current_wal_lsn() AS lsn");
      const before = await schemaSnapshot(client);
      const code = await run();
      const changes = breakingChanges(before, await schemaSnapshot(client));
      await client.query(
        `INSERT INTO evenkeel.migrations (name, checksum, effect, breaks_old_code, lsn_before, finished_at)
         VALUES ($1, '', 'opaque', $2, $3, clock_timestamp()) ON CONFLICT (name) DO UPDATE
         SET breaks_old_code = migrations.breaks_old_code OR excluded.breaks_old_code, finished_at = clock_timestamp()`,
        [name, changes.length > 0, rows[0].lsn],
      );
      if (code === 0) return readLedger(client);
      throw new MigrationFailedError(`The migration command of ${name} ended with code ${code}`, {
        hint: "Its log says why. What it has done by then has stayed.",
      });
    },
    { waitMs },
  );
}
