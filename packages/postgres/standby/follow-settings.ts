import type { ClientConfig } from "pg";
import { scramVerifier, verifiesPassword } from "../app-cluster/scram-verifier.ts";
import { withSession } from "../client/session.ts";
import { replicationRole } from "../server/access-rules.ts";
import type { ServerSettings } from "../server/server-settings.ts";
import { standbySlot } from "./standby-record.ts";

export interface Followed {
  socketDir: string;
  port: number;
  /** The replication role's; ASCII. */
  password: string;
}

/**
 * What makes a server follow a primary by streaming. https://www.postgresql.org/docs/18/runtime-config-replication.html#RUNTIME-CONFIG-REPLICATION-STANDBY
 */
export const followSettings = ({ socketDir, port, password }: Followed): ServerSettings => ({
  hot_standby: true,
  primary_conninfo: conninfo({
    ...{ host: socketDir, port: String(port), user: replicationRole, password },
    ...{ application_name: standbySlot, connect_timeout: "5" },
  }),
  primary_slot_name: standbySlot,
  recovery_target_timeline: "latest",
  // A primary that is back is found again within a second.
  wal_retrieve_retry_interval: "500ms",
  wal_receiver_timeout: "10s",
  // How far it is, for the lag.
  wal_receiver_status_interval: "1s",
});

/** https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE */
const conninfo = (values: Record<string, string>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}='${value.replaceAll(/['\\]/g, "\\$&")}'`)
    .join(" ");

/** The role that standbys come as: it may read the WAL, and nothing else. */
export async function ensureReplicationRole(primary: ClientConfig, password: string): Promise<void> {
  await withSession(primary, async (client) => {
    // Else it would wait for the standby that this is for.
    await client.query("SET synchronous_commit = local");
    const { rows } = await client.query<{ rolpassword: string | null }>(
      "SELECT rolpassword FROM pg_authid WHERE rolname = $1",
      [replicationRole],
    );
    if (rows.length === 0) await client.query(`CREATE ROLE ${replicationRole} LOGIN REPLICATION`);
    if (!verifiesPassword(rows[0]?.rolpassword ?? null, password))
      await client.query(`ALTER ROLE ${replicationRole} PASSWORD '${scramVerifier(password)}'`);
  });
}

/** The standby's slot: WAL that it lacks is kept for it, up to `max_slot_wal_keep_size`. One that was given up begins anew. */
export async function ensureStandbySlot(primary: ClientConfig): Promise<void> {
  await withSession(primary, async (client) => {
    const { rows } = await client.query("SELECT wal_status FROM pg_replication_slots WHERE slot_name = $1", [
      standbySlot,
    ]);
    if (rows[0]?.wal_status === "lost")
      await client.query("SELECT pg_drop_replication_slot($1)", [standbySlot]);
    else if (rows.length > 0) return;
    await client.query("SELECT pg_create_physical_replication_slot($1, true)", [standbySlot]);
  });
}

export async function dropStandbySlot(primary: ClientConfig): Promise<void> {
  await withSession(primary, (client) =>
    client.query(
      "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1 AND NOT active",
      [standbySlot],
    ),
  );
}
