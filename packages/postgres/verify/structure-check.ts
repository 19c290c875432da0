import type { Client } from "pg";

export interface StructureResult {
  indexes: number;
  tables: number;
  /** `public.orders_pkey: item order invariant violated ...` */
  problems: string[];
}

interface Relation {
  oid: number;
  name: string;
  kind: "index" | "table";
}

/** For so long at most a serving database keeps the locks that its readers take. */
const servingBatchMs = 1_000;
const servingLockTimeout = "5s";

/**
 * Looks for broken indexes and tables by PostgreSQL's own `amcheck`, in the database of `client`; meant for a restored copy, as it
 * installs the extension. https://www.postgresql.org/docs/18/amcheck.html
 */
export async function checkStructure(client: Client): Promise<StructureResult> {
  await client.query("CREATE EXTENSION IF NOT EXISTS amcheck");
  const result: StructureResult = { indexes: 0, tables: 0, problems: [] };
  for (const relation of await relations(client)) {
    result.problems.push(
      ...(await checkRelation(client, relation).catch((error) => [error.message])).map(inside(relation)),
    );
    count(result, relation);
  }
  return result;
}

/**
 * The same in a database that serves: the extension is installed in transactions that are rolled back, so nothing stays of it. Locks are those of
 * readers, for a second at a time. What cannot be checked is a problem.
 */
export async function checkServingStructure(client: Client): Promise<StructureResult> {
  const result: StructureResult = { indexes: 0, tables: 0, problems: [] };
  const waiting = await relations(client);
  while (waiting.length > 0) {
    await client.query("BEGIN");
    try {
      await client.query(`SET LOCAL lock_timeout = '${servingLockTimeout}'`);
      await client.query("CREATE EXTENSION IF NOT EXISTS amcheck");
      for (
        const until = performance.now() + servingBatchMs;
        waiting.length > 0 && performance.now() < until;
      ) {
        const relation = waiting.shift()!;
        result.problems.push(...(await checkServing(client, relation)).map(inside(relation)));
        count(result, relation);
      }
    } finally {
      await client.query("ROLLBACK");
    }
  }
  return result;
}

async function checkServing(client: Client, relation: Relation): Promise<string[]> {
  await client.query("SAVEPOINT checking");
  try {
    return await checkRelation(client, relation);
  } catch (error) {
    await client.query("ROLLBACK TO SAVEPOINT checking");
    const { rowCount } = await client.query("SELECT FROM pg_class WHERE oid = $1", [relation.oid]);
    // Dropped meanwhile.
    return rowCount === 0 ? [] : [(error as Error).message];
  }
}

const inside =
  ({ name }: Relation) =>
  (problem: string): string =>
    `${name}: ${problem}`;

function count(result: StructureResult, { kind }: Relation): void {
  if (kind === "index") result.indexes++;
  else result.tables++;
}

/** B-tree indexes, then heaps; the largest first. */
async function relations(client: Client): Promise<Relation[]> {
  const { rows } = await client.query<Relation>(
    `SELECT c.oid, c.oid::regclass::text AS name, CASE WHEN amname = 'btree' THEN 'index' ELSE 'table' END AS kind
     FROM pg_class c JOIN pg_am a ON a.oid = relam LEFT JOIN pg_index i ON i.indexrelid = c.oid
     WHERE relpersistence = 'p' AND ((amname = 'btree' AND indisvalid AND indisready) OR (amname = 'heap' AND relkind IN ('r', 't', 'm')))
     ORDER BY kind, relpages DESC`,
  );
  return rows;
}

/** @throws what `amcheck` says of an index */
async function checkRelation(client: Client, { oid, kind }: Relation): Promise<string[]> {
  if (kind === "index") {
    await client.query("SELECT bt_index_check($1::oid::regclass)", [oid]);
    return [];
  }
  const { rows } = await client.query("SELECT blkno, msg FROM verify_heapam($1::oid::regclass) LIMIT 3", [
    oid,
  ]);
  return rows.map(({ blkno, msg }) => `block ${blkno}: ${msg}`);
}
