import { randomId } from "@evenkeel/model";
import { Client, type ClientConfig } from "pg";
import type { Archive } from "../archive/archive.ts";
import { sqlState, withSession } from "../client/session.ts";
import { OracleUnavailableError } from "../errors.ts";
import { flushWal } from "../wal/flush-wal.ts";

/** What one table holds. */
export interface TableContent {
  schema: string;
  name: string;
  rows: number;
  /** Sum of the rows' hashes, which does not depend on their order; absent for tables over the limit. */
  hash?: string;
}

/** What a cluster held at one position of its WAL: a restore to there must hold the same. */
export interface Oracle {
  id: string;
  timeline: number;
  lsn: string;
  timeMs: number;
  databases: { name: string; tables: TableContent[] }[];
}

export interface OracleOptions {
  /** Rows of larger tables are counted but not hashed; default 1 GiB. */
  hashLimitBytes?: number;
  /** How long writers may be held up at most, at each attempt; default 300 ms. */
  lockTimeoutMs?: number;
  /** Default 20. */
  attempts?: number;
}

const lockNotAvailable = "55P03";
const undefinedFunction = "42883";

/** The text of a row must not depend on anybody's settings. */
const plainText =
  "SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET bytea_output = 'hex'; SET extra_float_digits = 1";

/**
 * Counts and hashes every table at an exact position, and keeps the result in the archive.
 *
 * A snapshot alone has no position: commits lie between it and any LSN that is asked for. So all tables are locked against writing for
 * the moment in which both are taken; the counting then goes on under the exported snapshot, beside the writers.
 *
 * @throws OracleUnavailableError when writers never leave a moment.
 */
export async function takeOracle(
  connection: ClientConfig,
  archive: Archive,
  options: OracleOptions = {},
): Promise<Oracle> {
  const id = randomId(10);
  const names = await databases(connection);
  const frozen = await freeze(connection, names, id, options);
  try {
    const contents: Oracle["databases"] = [];
    for (const { name, client } of frozen.readers) {
      contents.push({ name, tables: await tableContents(client, options.hashLimitBytes ?? 1024 ** 3) });
    }
    const { timeline, lsn, timeMs } = frozen;
    const oracle = { id, timeline, lsn, timeMs, databases: contents };
    await archive.create(`oracles/${id}`, Buffer.from(JSON.stringify(oracle)));
    return oracle;
  } finally {
    await Promise.all(frozen.readers.map(({ client }) => client.end().catch(() => {})));
  }
}

export const databases = (connection: ClientConfig): Promise<string[]> =>
  withSession(connection, async (client) => {
    const { rows } = await client.query(
      "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname",
    );
    return rows.map((row) => row.datname as string);
  });

/** Every table of a database whose content counts, under the snapshot of the transaction that `client` is in. */
export async function tableContents(client: Client, hashLimitBytes: number): Promise<TableContent[]> {
  await client.query(plainText);
  const contents: TableContent[] = [];
  for (const { schema, name, qualified, bytes } of await userTables(client)) {
    const found =
      bytes <= hashLimitBytes ? await hashRows(client, qualified) : await countRows(client, qualified);
    contents.push({ schema, name, ...found });
  }
  return contents;
}

type Content = Pick<TableContent, "rows" | "hash">;

/**
 * Of rows as PostgreSQL sends them in binary, exact to the bit, which is made three times as fast as their text; of their text where a type
 * has no binary form (`aclitem`, types of some extensions).
 */
async function hashRows(client: Client, qualified: string): Promise<Content> {
  await client.query("SAVEPOINT hashing");
  try {
    return await countRows(client, qualified, "hash_record_extended(ROW(record_send(t)), 0)");
  } catch (error) {
    if (sqlState(error) !== undefinedFunction) throw error;
    await client.query("ROLLBACK TO SAVEPOINT hashing");
    return countRows(client, qualified, "hashtextextended(t::text, 0)");
  }
}

async function countRows(client: Client, qualified: string, hash?: string): Promise<Content> {
  const sum = hash === undefined ? "" : `, coalesce(sum(${hash}), 0)::text AS hash`;
  const { rows } = await client.query(`SELECT count(*)::text AS rows${sum} FROM ${qualified} AS t`);
  return { rows: Number(rows[0].rows), ...(hash === undefined ? {} : { hash: rows[0].hash }) };
}

interface UserTable {
  schema: string;
  name: string;
  qualified: string;
  bytes: number;
}

/** Unlogged tables are empty after any recovery, temporary ones are nobody's. */
async function userTables(client: Client): Promise<UserTable[]> {
  const { rows } = await client.query(
    `SELECT nspname AS schema, relname AS name, format('%I.%I', nspname, relname) AS qualified,
            pg_table_size(c.oid)::float8 AS bytes
     FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
     WHERE relkind = 'r' AND relpersistence = 'p' AND nspname NOT IN ('pg_catalog', 'information_schema')
     ORDER BY nspname, relname`,
  );
  return rows as UserTable[];
}

interface Frozen {
  timeline: number;
  lsn: string;
  timeMs: number;
  /** One for each database, with the snapshot of that moment. */
  readers: { name: string; client: Client }[];
}

async function freeze(
  connection: ClientConfig,
  names: string[],
  id: string,
  options: OracleOptions,
): Promise<Frozen> {
  const { attempts = 20, lockTimeoutMs = 300 } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await freezeOnce(connection, names, id, lockTimeoutMs);
    } catch (error) {
      if (sqlState(error) !== lockNotAvailable) throw error;
      if (attempt < attempts) continue;
      throw new OracleUnavailableError(`Tables could not be locked for a moment in ${attempts} attempts`, {
        hint: "A long transaction writes. Verify at a quieter time.",
        cause: error,
      });
    }
  }
}

async function freezeOnce(
  connection: ClientConfig,
  names: string[],
  id: string,
  lockTimeoutMs: number,
): Promise<Frozen> {
  const open = async (database: string): Promise<Client> => {
    const client = new Client({
      connectionTimeoutMillis: 30_000,
      application_name: "evenkeel_oracle",
      ...connection,
      database,
    });
    client.on("error", () => {});
    await client.connect();
    return client;
  };
  const holders: Client[] = [];
  const readers: Frozen["readers"] = [];
  try {
    for (const name of names) {
      const client = await open(name);
      holders.push(client);
      readers.push({ name, client: await open(name) });
      const tables = await userTables(client);
      await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
      await client.query(`SET LOCAL lock_timeout = ${Math.trunc(lockTimeoutMs)}`);
      if (tables.length > 0) {
        await client.query(
          `LOCK TABLE ${tables.map((table) => `ONLY ${table.qualified}`).join(", ")} IN SHARE MODE`,
        );
      }
    }
    // Nobody writes now. Each snapshot is taken by its session's first query.
    for (const [index, holder] of holders.entries()) {
      const { rows } = await holder.query("SELECT pg_export_snapshot() AS name");
      const { client } = readers[index]!;
      await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      await client.query(`SET TRANSACTION SNAPSHOT '${rows[0].name}'`);
      await client.query("SELECT 1");
    }
    const { rows } = await holders[0]!.query(
      `SELECT pg_create_restore_point($1) AS lsn, floor(extract(epoch FROM clock_timestamp()) * 1000) AS ms,
              (SELECT timeline_id FROM pg_control_checkpoint()) AS timeline`,
      [`evenkeel oracle ${id}`],
    );
    await flushWal(holders[0]!);
    return { lsn: rows[0].lsn, timeMs: Number(rows[0].ms), timeline: rows[0].timeline, readers };
  } catch (error) {
    await Promise.all(readers.map(({ client }) => client.end().catch(() => {})));
    throw error;
  } finally {
    await Promise.all(holders.map((client) => client.end().catch(() => {})));
  }
}
