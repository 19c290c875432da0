import { ArchivedCluster } from "@evenkeel/postgres/testing/archived-cluster";
import { Client } from "pg";
import type { Bench, Program } from "../bench.ts";
import type { Figure } from "../report/figure.ts";

const points = 100;
const writers = 8;
const query = "SELECT xmin::text AS xid FROM log";

export const databasePoints: Program = {
  name: "database-points",
  title: "Points in time under concurrent writers",
  tools: [],
  conditions: `${writers} connections commit one row each as fast as they can, for as many seconds as a load lasts, while times of the server are noted at random moments. The truth is
the order of commit records in the WAL (pg_walinspect), not of times or numbers: recovery to a time ends before the first commit record that bears a later
one. Each of the ${points} times is restored into a cluster of its own, whose rows must be exactly those of the transactions before that record.`,

  async run(bench: Bench): Promise<Figure[]> {
    await using cluster = await startCluster();
    const { times, commits } = await writeAndNote(bench, cluster);
    const wrong: string[] = [];
    for (const [index, time] of times.entries()) {
      bench.step(`Point ${index + 1} of ${points}`);
      const end = commits.findIndex((commit) => commit.time > microseconds(time));
      const expected = commits.slice(0, end === -1 ? commits.length : end).map(({ xid }) => xid);
      const found = (await cluster.restoreAndAsk(time, query)).map((row) => row["xid"] as string);
      if (expected.sort().join() !== found.sort().join()) wrong.push(time);
    }
    for (const time of wrong) bench.note(`Restored to another state than that of ${time}`);
    return [
      {
        ...{
          id: "database-points",
          what: `restores to ${points} random times under ${writers} writers that were not exact`,
        },
        goal: { kind: "limit", most: 0, unit: "cases" },
        ...{
          value: wrong.length,
          measured: `${wrong.length} of ${points}; ${commits.length} commits`,
          samples: [wrong.length],
        },
      },
    ];
  },
};

async function startCluster(): Promise<ArchivedCluster & AsyncDisposable> {
  const cluster = await ArchivedCluster.start();
  await cluster.query("CREATE TABLE log (writer int, number int)");
  await cluster.query("CREATE EXTENSION pg_walinspect");
  await cluster.backup();
  return Object.assign(cluster, { [Symbol.asyncDispose]: () => cluster.stop() });
}

interface Commit {
  xid: string;
  /** Microseconds since 1970. */
  time: bigint;
}

/** @returns the times, and all commits of rows in the order of the WAL */
async function writeAndNote(
  bench: Bench,
  cluster: ArchivedCluster,
): Promise<{ times: string[]; commits: Commit[] }> {
  bench.step(`Writing over ${writers} connections`);
  const [from] = await cluster.query("SELECT pg_current_wal_lsn()::text AS lsn");
  let writing = true;
  const work = Array.from({ length: writers }, async (_, writer) => {
    const client = new Client(cluster.server.connectionOptions());
    await client.connect();
    for (let number = 0; writing; number++)
      await client.query("INSERT INTO log VALUES ($1, $2)", [writer, number]);
    await client.end();
  });
  const times: string[] = [];
  const client = new Client(cluster.server.connectionOptions());
  await client.connect();
  while (times.length < points) {
    await Bun.sleep((2 * Math.random() * bench.seconds * 1_000) / points);
    const { rows } = await client.query("SELECT clock_timestamp()::text AS time");
    times.push(rows[0].time);
  }
  await client.end();
  writing = false;
  await Promise.all(work);
  await cluster.archiver.flush();
  const kept = new Set((await cluster.query(query)).map((row) => row["xid"]));
  const records = await cluster.query(
    `SELECT xid::text, substring(description FROM '^[^;]+') AS time FROM pg_get_wal_records_info($1, pg_current_wal_flush_lsn())
     WHERE resource_manager = 'Transaction' AND record_type = 'COMMIT' ORDER BY start_lsn`,
    [from!["lsn"]],
  );
  const commits = records
    .filter(({ xid }) => kept.has(xid))
    .map(({ xid, time }) => ({ xid: xid as string, time: microseconds(time as string) }));
  return { times, commits };
}

/** `2026-03-01 12:00:00.25+00` and `2026-03-01 12:00:00.25 UTC`. */
function microseconds(time: string): bigint {
  const [, seconds, fraction = ""] = /^(\S+ \d\d:\d\d:\d\d)(?:\.(\d+))?(?:\+00| UTC)$/.exec(time)!;
  return BigInt(Date.parse(`${seconds!.replace(" ", "T")}Z`)) * 1_000n + BigInt(fraction.padEnd(6, "0"));
}
