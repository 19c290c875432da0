import type { ClientConfig } from "pg";
import { appDatabase } from "../../app-cluster/app-role.ts";
import { archiveSlot } from "../../archive/wal-receiver.ts";
import { withSession } from "../../client/session.ts";

export interface DatabaseLevels {
  connections: number;
  connectionLimit: number;
  sizeBytes: number;
  /** How far the archive's receiver is behind; 0 while nothing is written. Absent: it is not connected. */
  replicationLagS?: number;
  /** Calls of slow statements since the server's statistics began. */
  slowCalls: number;
}

/** A statement whose calls take longer than this on average is slow. */
const slowMs = 100;

/** What PostgreSQL says of itself. https://www.postgresql.org/docs/18/monitoring-stats.html */
export function readLevels(superuser: ClientConfig): Promise<DatabaseLevels> {
  return withSession(superuser, async (client) => {
    const { rows } = await client.query<DatabaseLevels & { replicationLagS: number | null }>(
      `SELECT
         (SELECT count(*)::float8 FROM pg_stat_activity
           WHERE backend_type = 'client backend' AND datname = $1) AS connections,
         current_setting('max_connections')::float8 - current_setting('superuser_reserved_connections')::float8
           - current_setting('reserved_connections')::float8 AS "connectionLimit",
         pg_database_size($1)::float8 AS "sizeBytes",
         (SELECT coalesce(extract(epoch FROM greatest(write_lag, flush_lag)), 0)::float8 FROM pg_stat_replication
           WHERE application_name = $2 LIMIT 1) AS "replicationLagS",
         (SELECT coalesce(sum(calls), 0)::float8 FROM pg_stat_statements
           JOIN pg_database ON pg_database.oid = dbid
           WHERE datname = $1 AND mean_exec_time > $3) AS "slowCalls"`,
      [appDatabase, archiveSlot, slowMs],
    );
    const { replicationLagS, ...levels } = rows[0]!;
    return replicationLagS === null ? levels : { ...levels, replicationLagS };
  });
}
