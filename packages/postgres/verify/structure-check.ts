import type { Client } from "pg";

export interface StructureResult {
  indexes: number;
  tables: number;
  /** `public.orders_pkey: item order invariant violated ...` */
  problems: string[];
}

/**
 * Looks for broken indexes and tables by PostgreSQL's own `amcheck`, in the database of `client`; meant for a restored copy, as it
 * installs the extension. https://www.postgresql.org/docs/18/amcheck.html
 */
export async function checkStructure(client: Client): Promise<StructureResult> {
  await client.query("CREATE EXTENSION IF NOT EXISTS amcheck");
  const result: StructureResult = { indexes: 0, tables: 0, problems: [] };
  const { rows: indexes } = await client.query<{ oid: number; name: string }>(
    `SELECT c.oid, c.oid::regclass::text AS name
     FROM pg_index i JOIN pg_class c ON c.oid = indexrelid JOIN pg_am a ON a.oid = relam
     WHERE amname = 'btree' AND indisvalid AND indisready AND relpersistence = 'p' ORDER BY relpages DESC`,
  );
  for (const { oid, name } of indexes) {
    await client.query("SELECT bt_index_check($1::oid::regclass)", [oid]).catch((error) => {
      result.problems.push(`${name}: ${error.message}`);
    });
    result.indexes++;
  }
  const { rows: tables } = await client.query<{ oid: number; name: string }>(
    `SELECT c.oid, c.oid::regclass::text AS name FROM pg_class c JOIN pg_am a ON a.oid = relam
     WHERE amname = 'heap' AND relkind IN ('r', 't', 'm') AND relpersistence = 'p' ORDER BY relpages DESC`,
  );
  for (const { oid, name } of tables) {
    const { rows } = await client
      .query("SELECT blkno, msg FROM verify_heapam($1::oid::regclass) LIMIT 3", [oid])
      .catch((error) => ({ rows: [{ blkno: "?", msg: error.message }] }));
    for (const { blkno, msg } of rows) result.problems.push(`${name} block ${blkno}: ${msg}`);
    result.tables++;
  }
  return result;
}
