import type { ClientConfig } from "pg";
import { withSession } from "../client/session.ts";
import { archiveSlot } from "./wal-receiver.ts";

/**
 * Lets commits wait until the archive's receiver has them on disk, or no longer. The setting stays over restarts of
 * the server: a cluster that was told to lose nothing does not begin to by being restarted.
 * https://www.postgresql.org/docs/18/runtime-config-replication.html#GUC-SYNCHRONOUS-STANDBY-NAMES
 */
export async function setZeroLoss(connection: ClientConfig, on: boolean): Promise<void> {
  await withSession(connection, async (client) => {
    const { rows } = await client.query("SHOW synchronous_standby_names");
    const wanted = on ? archiveSlot : "";
    if (rows[0].synchronous_standby_names === wanted) return;
    await client.query(
      on
        ? `ALTER SYSTEM SET synchronous_standby_names = '${archiveSlot}'`
        : "ALTER SYSTEM RESET synchronous_standby_names",
    );
    await client.query("SELECT pg_reload_conf()");
  });
}
