import type { Client } from "pg";
import { withSession } from "../client/session.ts";
import { MigrationBusyError } from "../errors.ts";

/** One number for all migrations in a database; "evenkeel" in hexadecimal ASCII. */
const lockKey = 0x6576_656e_6b65_656cn;

/**
 * Runs `work` while no other migration runs in this database. A session's lock: it goes with the connection, so a runner that is
 * killed blocks nobody. Its connection must be direct, not through a pooler in transaction mode.
 *
 * @param waitMs how long to wait for another runner; default 10 minutes.
 * @throws MigrationBusyError
 */
export function withMigrationLock<Result>(
  connectionString: string,
  work: (client: Client) => Promise<Result>,
  options: { waitMs?: number; lockTimeoutMs?: number; statementTimeoutMs?: number } = {},
): Promise<Result> {
  const config = {
    connectionString,
    application_name: "evenkeel_migrations",
    // As the connection's own defaults, so that RESET in a migration comes back to them.
    lock_timeout: options.lockTimeoutMs ?? 5_000,
    ...(options.statementTimeoutMs === undefined ? {} : { statement_timeout: options.statementTimeoutMs }),
  };
  return withSession(config, async (client) => {
    const deadline = Date.now() + (options.waitMs ?? 600_000);
    for (;;) {
      const { rows } = await client.query("SELECT pg_try_advisory_lock($1) AS ours", [lockKey.toString()]);
      if (rows[0].ours) return work(client);
      if (Date.now() >= deadline) {
        throw new MigrationBusyError("Another migration runs in this database and does not end", {
          hint: "See pg_stat_activity for application_name evenkeel_migrations.",
        });
      }
      await Bun.sleep(100);
    }
  });
}
