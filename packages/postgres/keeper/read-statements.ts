import type { StatementReport } from "@evenkeel/model";
import type { ClientConfig } from "pg";
import { appDatabase } from "../app-cluster/app-role.ts";
import { withSession } from "../client/session.ts";

const mostStatements = 20;

/** What takes the app's database most of its time since its statistics began. https://www.postgresql.org/docs/18/pgstatstatements.html */
export function readStatements(superuser: ClientConfig): Promise<StatementReport[]> {
  return withSession(superuser, async (client) => {
    const { rows } = await client.query<StatementReport>(
      `SELECT query AS statement, calls::float8 AS calls, total_exec_time AS "totalMs", mean_exec_time AS "meanMs", rows::float8 AS rows
       FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid
       WHERE datname = $1 ORDER BY total_exec_time DESC LIMIT $2`,
      [appDatabase, mostStatements],
    );
    return rows;
  });
}
