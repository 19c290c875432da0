import type { Connection } from "../database/connection.ts";
import { VaultKeyMismatchError } from "../errors.ts";
import type { SealedFor, Vault } from "./vault.ts";

interface SealedTable {
  table: string;
  /** SQL of what its values belong to, with `sealed_rows` for the table. */
  belongsTo: string;
  join?: string;
}

/** Every table with a column `sealed`. */
export const sealedTables: SealedTable[] = [
  { table: "variables", belongsTo: "sealed_rows.app, sealed_rows.environment, sealed_rows.name" },
  {
    table: "deployment_variables",
    belongsTo: "deployments.app, deployments.environment, sealed_rows.name",
    join: "JOIN deployments ON deployments.id = sealed_rows.deployment",
  },
  {
    table: "cron_secrets",
    belongsTo: "sealed_rows.app, sealed_rows.environment, 'CRON_SECRET' AS name",
  },
  {
    table: "notification_channels",
    belongsTo:
      "coalesce(sealed_rows.app, '_platform') AS app, 'production' AS environment, 'channel ' || sealed_rows.id AS name",
  },
  {
    table: "log_drains",
    belongsTo: "sealed_rows.app, 'production' AS environment, 'log drain ' || sealed_rows.id AS name",
  },
  {
    table: "telemetry_exports",
    belongsTo:
      "'_platform' AS app, 'production' AS environment, 'telemetry export ' || sealed_rows.id AS name",
  },
];

const pageRows = 500;

export interface Rewrapped {
  values: number;
  /** That no key opens; they stay as they are. */
  unreadable: number;
}

/** Wraps the data keys of all values for the newest master key, in the transaction of the caller. */
export async function rewrapAll(connection: Connection, vault: Vault): Promise<Rewrapped> {
  const total: Rewrapped = { values: 0, unreadable: 0 };
  for (const sealed of sealedTables) {
    const [found] = await connection.query<{ there: boolean }>(
      "SELECT to_regclass($1) IS NOT NULL AS there",
      [sealed.table],
    );
    if (!found!.there) continue;
    const { values, unreadable } = await rewrapTable(connection, vault, sealed);
    total.values += values;
    total.unreadable += unreadable;
  }
  return total;
}

/** A cursor sees the rows as they were when it was opened, so those that were rewritten do not come again. */
async function rewrapTable(
  connection: Connection,
  vault: Vault,
  { table, belongsTo, join = "" }: SealedTable,
): Promise<Rewrapped> {
  const result: Rewrapped = { values: 0, unreadable: 0 };
  const prefix = vault.newestPrefix.toString("hex");
  await connection.query(
    `DECLARE sealed_values NO SCROLL CURSOR FOR SELECT sealed_rows.ctid::text AS place, sealed, ${belongsTo}
     FROM ${table} sealed_rows ${join}
     WHERE sealed IS NOT NULL AND substring(sealed FROM 1 FOR ${prefix.length / 2}) <> '\\x${prefix}'::bytea`,
  );
  for (;;) {
    const rows = await connection.query<SealedFor & { place: string; sealed: Buffer }>(
      `FETCH ${pageRows} FROM sealed_values`,
    );
    if (rows.length === 0) break;
    const places: string[] = [];
    const rewrapped: Buffer[] = [];
    for (const { place, sealed, app, environment, name } of rows) {
      try {
        const anew = vault.rewrap(sealed, { app, environment, name });
        if (anew === undefined) continue;
        places.push(place);
        rewrapped.push(anew);
      } catch (error) {
        if (!(error instanceof VaultKeyMismatchError)) throw error;
        result.unreadable++;
      }
    }
    await connection.query(
      `UPDATE ${table} SET sealed = given.sealed FROM unnest($1::text[], $2::bytea[]) AS given (place, sealed)
       WHERE ${table}.ctid = given.place::tid`,
      [places, rewrapped],
    );
    result.values += places.length;
  }
  await connection.query("CLOSE sealed_values");
  return result;
}
