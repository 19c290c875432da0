import type { ClientConfig } from "pg";
import { archiveSlot } from "../archive/wal-receiver.ts";
import { withSession } from "../client/session.ts";
import { type Lsn, parseLsn } from "../wal/lsn.ts";
import { standbySlot } from "./standby-record.ts";

/** What the primary says of its standby. */
export interface FollowerState {
  /** It is connected and has said so in the last seconds: one that hangs keeps its connection. */
  isStreaming: boolean;
  /** What it has not replayed. */
  lagBytes: number;
  lagMs: number;
  /** WAL that it lacked was removed: it has to be made anew. */
  isSlotLost: boolean;
}

/** A server that hangs must not hold up the looks at the other one. */
const patience = { connectionTimeoutMillis: 1_500, query_timeout: 1_500 };

/** https://www.postgresql.org/docs/18/monitoring-stats.html#MONITORING-PG-STAT-REPLICATION-VIEW @throws where the primary is away */
export function readFollower(primary: ClientConfig): Promise<FollowerState> {
  return withSession({ ...primary, ...patience }, async (client) => {
    const { rows } = await client.query(
      `SELECT state = 'streaming' AND reply_time > now() - interval '5 seconds' AS streaming, coalesce(pg_current_wal_lsn() - replay_lsn, 0)::float8 AS bytes,
              coalesce(extract(epoch FROM replay_lag) * 1000, 0)::float8 AS ms
       FROM pg_stat_replication WHERE application_name = $1 ORDER BY backend_start DESC LIMIT 1`,
      [standbySlot],
    );
    const { rows: slots } = await client.query(
      "SELECT wal_status FROM pg_replication_slots WHERE slot_name = $1",
      [standbySlot],
    );
    const row = rows[0];
    return {
      isStreaming: row?.streaming === true,
      // A standby that replays while we look is ahead of what we saw.
      lagBytes: Math.max(0, row?.bytes ?? 0),
      lagMs: Math.round(row?.ms ?? 0),
      isSlotLost: slots[0]?.wal_status === "lost",
    };
  });
}

/**
 * Keeps WAL on the standby until the archive has it, so that the archive goes on without a gap when the standby is the primary. Slots are not
 * replicated: it has one of its own, which is moved on here.
 *
 * @param received what the archive needs nothing before of
 */
export async function keepForArchive(standby: ClientConfig, received: string | undefined): Promise<void> {
  await withSession({ ...standby, ...patience }, async (client) => {
    const { rowCount } = await client.query("SELECT FROM pg_replication_slots WHERE slot_name = $1", [
      archiveSlot,
    ]);
    if (rowCount === 0)
      await client.query("SELECT pg_create_physical_replication_slot($1, true)", [archiveSlot]);
    else if (received !== undefined)
      await client.query(
        `SELECT pg_replication_slot_advance(slot_name, least($2::pg_lsn, pg_last_wal_replay_lsn()))
         FROM pg_replication_slots WHERE slot_name = $1 AND restart_lsn < least($2::pg_lsn, pg_last_wal_replay_lsn())`,
        [archiveSlot, received],
      );
  });
}

/** How far a standby has replayed; undefined where it has not begun. */
export function readReplayed(standby: ClientConfig): Promise<Lsn | undefined> {
  return withSession({ ...standby, ...patience }, async (client) => {
    const { rows } = await client.query("SELECT pg_last_wal_replay_lsn()::text AS lsn");
    return rows[0].lsn === null ? undefined : parseLsn(rows[0].lsn);
  });
}
