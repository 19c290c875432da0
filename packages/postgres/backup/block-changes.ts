import type { Client } from "pg";
import { formatLsn, type Lsn, parseLsn } from "../wal/lsn.ts";
import { blocksPerSegment, type RelationFile } from "./data-files.ts";
import { pageBytes } from "./page-checksum.ts";

const forks = ["main", "fsm", "vm", "init"] as const;

interface RelationChanges {
  blocks: number[];
  /** The relation was truncated or made anew: blocks from here on are not what they were. */
  limitBlock: number | undefined;
}

/** Which pages changed between two positions, by PostgreSQL's own WAL summaries (`summarize_wal`). */
export class BlockChanges {
  constructor(private readonly byRelation: Map<string, RelationChanges>) {}

  /**
   * The blocks of a file, counted from its beginning, that an incremental backup must store; `all` when nothing of the
   * previous backup's copy can be kept. The rules are those of PostgreSQL's basebackup_incremental.c, on the safe side
   * where summaries of several intervals are taken together: everything from a truncation on counts as changed.
   */
  ofFile(relation: RelationFile, sizeBytes: number, previousBytes: number): "all" | number[] {
    // The free space map is not fully WAL-logged.
    if (relation.fork === "fsm" || sizeBytes % pageBytes !== 0 || previousBytes % pageBytes !== 0)
      return "all";
    // A database that was made meanwhile, perhaps under a number that was free again.
    if (this.byRelation.has(keyOf(relation.tablespace, relation.database, 0, "main"))) return "all";
    const first = relation.segment * blocksPerSegment;
    const count = sizeBytes / pageBytes;
    const grownFrom = previousBytes / pageBytes;
    const changes = this.byRelation.get(
      keyOf(relation.tablespace, relation.database, relation.node, relation.fork),
    );
    const limit = Math.min(changes?.limitBlock ?? Number.POSITIVE_INFINITY, first + grownFrom) - first;
    if (limit <= 0) return "all";
    const blocks = new Set<number>();
    for (const block of changes?.blocks ?? []) {
      if (block >= first && block < first + count) blocks.add(block - first);
    }
    for (let block = limit; block < count; block++) blocks.add(block);
    return [...blocks].sort((a, b) => a - b);
  }
}

/** How long to wait for the summarizer to come to the backup's begin. */
const summaryLimitMs = 60_000;

/** Undefined when summaries do not cover the whole stretch: then a full backup is due. */
export async function readBlockChanges(
  client: Client,
  timeline: number,
  from: Lsn,
  to: Lsn,
): Promise<BlockChanges | undefined> {
  const { rows: setting } = await client.query("SHOW summarize_wal");
  if (setting[0].summarize_wal !== "on" || !(await summarizedTo(client, to))) return undefined;
  const { rows: summaries } = await client.query<{ start_lsn: string; end_lsn: string }>(
    `SELECT start_lsn, end_lsn FROM pg_available_wal_summaries()
     WHERE tli = $1 AND end_lsn > $2 AND start_lsn < $3 ORDER BY start_lsn`,
    [timeline, formatLsn(from), formatLsn(to)],
  );
  let covered = from;
  for (const { start_lsn, end_lsn } of summaries) {
    if (parseLsn(start_lsn) > covered) return undefined;
    covered = parseLsn(end_lsn);
  }
  if (covered < to) return undefined;
  const { rows } = await client.query(
    `SELECT reltablespace::bigint AS tablespace, reldatabase::bigint AS database, relfilenode::bigint AS node,
            relforknumber AS fork, min(relblocknumber) FILTER (WHERE is_limit_block) AS limit,
            array_agg(DISTINCT relblocknumber) FILTER (WHERE NOT is_limit_block) AS blocks
     FROM unnest($2::pg_lsn[], $3::pg_lsn[]) AS summary (first, last), pg_wal_summary_contents($1, first, last)
     GROUP BY 1, 2, 3, 4`,
    [timeline, summaries.map((row) => row.start_lsn), summaries.map((row) => row.end_lsn)],
  );
  const byRelation = new Map<string, RelationChanges>();
  for (const row of rows) {
    byRelation.set(
      keyOf(Number(row.tablespace), Number(row.database), Number(row.node), forks[row.fork as number]!),
      {
        blocks: ((row.blocks as string[] | null) ?? []).map(Number),
        limitBlock: row.limit === null ? undefined : Number(row.limit),
      },
    );
  }
  return new BlockChanges(byRelation);
}

async function summarizedTo(client: Client, to: Lsn): Promise<boolean> {
  const deadline = Date.now() + summaryLimitMs;
  for (;;) {
    const { rows } = await client.query("SELECT summarized_lsn FROM pg_get_wal_summarizer_state()");
    if (rows[0]?.summarized_lsn && parseLsn(rows[0].summarized_lsn) >= to) return true;
    if (Date.now() > deadline) return false;
    await Bun.sleep(20);
  }
}

const keyOf = (tablespace: number, database: number, node: number, fork: RelationFile["fork"]): string =>
  `${tablespace}/${database}/${node}/${fork}`;
