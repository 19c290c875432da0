import { afterAll, beforeAll, expect, test } from "bun:test";
import { ArchivedCluster } from "../testing/archived-cluster.ts";
import { formatLsn, lsn, parseSegmentName, walSegmentBytes } from "./lsn.ts";
import { hasLaterTransactionEnd } from "./transaction-ends.ts";

const limitMs = 180_000;
let cluster: ArchivedCluster;
let moment: { text: string; ms: number };

beforeAll(async () => {
  cluster = await ArchivedCluster.start();
  await cluster.query("CREATE EXTENSION pg_walinspect");
  await cluster.query("CREATE TABLE filler (number int, text text)");
  await cluster.backup();
  await fill(2);
  // Ends of sub-transactions and a rolled back one are among the records.
  await cluster.query("BEGIN; SAVEPOINT s; INSERT INTO filler VALUES (1, 'x'); RELEASE s; COMMIT");
  await cluster.query("BEGIN; INSERT INTO filler VALUES (2, 'y'); ROLLBACK");
  const [row] = await cluster.query(
    "SELECT count(*)::int AS rows, clock_timestamp()::text AS text, ceil(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms FROM filler",
  );
  moment = { text: row!["text"] as string, ms: row!["ms"] as number };
  await Bun.sleep(5);
  await fill(6);
  await cluster.archiver.flush();
}, limitMs);
afterAll(() => cluster.stop(), limitMs);

/** So many segments, about. */
async function fill(segments: number): Promise<void> {
  for (let number = 0; number < segments; number++) {
    await cluster.query("INSERT INTO filler SELECT n, 'text ' || n FROM generate_series(1, 300) AS n");
    await cluster.query(
      "INSERT INTO filler SELECT n, repeat(md5(n::text), 60) FROM generate_series(1, 8000) AS n",
    );
  }
}

test(
  "what a segment says of the times of transactions is what PostgreSQL reads in it",
  async () => {
    const names = (await cluster.archive.list("wal/")).map(({ key }) => key.slice("wal/".length));
    const ends = await cluster.query(
      `SELECT start_lsn - '0/0'::pg_lsn AS at, extract(epoch FROM (substring(description from '\\d{4}-\\d\\d-\\d\\d [^;]+'))::timestamptz) * 1000 AS ms
       FROM pg_get_wal_records_info($1, pg_current_wal_flush_lsn())
       WHERE resource_manager = 'Transaction' AND record_type IN ('COMMIT', 'ABORT')`,
      [formatLsn(lsn(parseSegmentName(names[0]!)!.start + 40n))],
    );
    expect(ends.length).toBeGreaterThan(16);
    let later = 0;
    for (const name of names) {
      const { start } = parseSegmentName(name)!;
      // Not of its last bytes: such a record may go on in the next segment.
      const times = ends
        .filter(
          ({ at }) =>
            BigInt(at as string) >= start && BigInt(at as string) < start + BigInt(walSegmentBytes - 64),
        )
        .map(({ ms }) => Number(ms));
      const content = await cluster.archive.read(`wal/${name}`);
      const newest = Math.max(...times, 0);
      for (const limit of [0, moment.ms, ...(times.length > 0 ? [newest - 3, newest + 1] : [])]) {
        // What is within a millisecond of the limit is left to PostgreSQL.
        if (Math.abs(newest - limit) < 1) continue;
        const expected = newest > limit + 2;
        expect(hasLaterTransactionEnd(content, name, limit)).toBe(expected);
        if (expected) later++;
      }
    }
    expect(later).toBeGreaterThan(6);
  },
  limitMs,
);

test(
  "a restore to a time takes no WAL from behind it out of the archive, and is exact",
  async () => {
    const all = (await cluster.archive.list("wal/")).length;
    let taken = 0;
    const rows = await cluster.restoreAndAsk(moment.text, "SELECT count(*)::int AS rows FROM filler", {
      workers: 1,
      onProgress: (progress) => {
        if (progress.phase === "wal") taken = progress.doneSegments;
      },
    });
    expect(rows).toEqual([{ rows: 2 * 8_300 + 1 }]);
    expect(taken).toBeLessThan(all / 2 + 2);
  },
  limitMs,
);

test("what is no WAL says nothing", () => {
  expect(hasLaterTransactionEnd(Buffer.alloc(walSegmentBytes), "000000010000000000000003", 0)).toBe(false);
  expect(hasLaterTransactionEnd(Buffer.alloc(0), "000000010000000000000003", 0)).toBe(false);
  expect(hasLaterTransactionEnd(Buffer.alloc(100_000, 0xff), "000000010000000000000003", 0)).toBe(false);
});
