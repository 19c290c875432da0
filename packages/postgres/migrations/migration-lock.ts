import type { Client, ClientConfig } from "pg";
import { withSession } from "../client/session.ts";
import { MigrationBusyError } from "../errors.ts";

/** One number for all migrations in a database; "evenkeel" in hexadecimal ASCII. */
const lockKey = 0x6576_656e_6b65_656cn;

export interface LockOptions {
  /** How long to wait for another runner; default 10 minutes. */
  waitMs?: number;
  /** How long a statement may wait for a lock, holding up everybody behind it; default 2 s. */
  lockTimeoutMs?: number;
  /** How long any statement may take; default 1 hour. */
  statementTimeoutMs?: number;
  onWaiting?: () => void;
}

/**
 * Runs `work` while no other migration runs in this database. A session's lock: it goes with the connection, so a runner that is
 * killed blocks nobody. Its connection must be direct, not through a pooler in transaction mode.
 *
 * @throws MigrationBusyError
 */
export function withMigrationLock<Result>(
  connection: ClientConfig | string,
  work: (client: Client) => Promise<Result>,
  options: LockOptions = {},
): Promise<Result> {
  const config = {
    ...(typeof connection === "string" ? { connectionString: connection } : connection),
    application_name: "evenkeel_migrations",
    // As the connection's own defaults, so that RESET in a migration comes back to them.
    lock_timeout: options.lockTimeoutMs ?? 2_000,
    statement_timeout: options.statementTimeoutMs ?? 3_600_000,
  };
  return withSession(config, async (client) => {
    await endWithClient(client);
    const deadline = Date.now() + (options.waitMs ?? 600_000);
    for (let told = false; ; told = true) {
      const { rows } = await client.query("SELECT pg_try_advisory_lock($1) AS ours", [lockKey.toString()]);
      if (rows[0].ours) return work(client);
      if (!told) options.onWaiting?.();
      if (Date.now() >= deadline) {
        throw new MigrationBusyError("Another migration runs in this database and does not end", {
          hint: "See pg_stat_activity for application_name evenkeel_migrations.",
        });
      }
      await Bun.sleep(100);
    }
  });
}

/** @throws MigrationBusyError where a pooler has put another server process behind the connection */
export async function requireMigrationLock(client: Client): Promise<void> {
  const { rowCount } = await client.query(
    `SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()
       AND (classid::bigint << 32 | objid::bigint) = $1`,
    [lockKey.toString()],
  );
  if (rowCount) return;
  throw new MigrationBusyError(
    "The lock of migrations does not stay with the connection: a pooler is in between",
    {
      hint: "Set DIRECT_URL to the database's own address, not that of its pooler.",
    },
  );
}

/** A statement whose runner was killed ends soon, and not after its hour. PostgreSQL before 14 has no such setting. */
async function endWithClient(client: Client): Promise<void> {
  await client
    .query(
      "SELECT set_config(name, '2s', false) FROM pg_settings WHERE name = 'client_connection_check_interval'",
    )
    .catch(() => {});
}
