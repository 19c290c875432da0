import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Archive } from "@evenkeel/postgres/archive/archive";
import { FolderTarget } from "@evenkeel/postgres/archive/folder-target";
import { withSession } from "@evenkeel/postgres/client/session";
import { databaseArchive, databaseKeys } from "@evenkeel/postgres/keeper/database-place";
import { readRecords } from "@evenkeel/postgres/keeper/database-record";
import { readArchivePlace } from "@evenkeel/postgres/platform/archive-place";
import { restoreCluster } from "@evenkeel/postgres/restore/restore-cluster";
import { startCluster } from "@evenkeel/postgres/server/cluster";
import { readPostmasterFile } from "@evenkeel/postgres/server/postmaster-file";
import { unsafeSettings } from "@evenkeel/postgres/server/server-settings";
import type { Bench, Program } from "../bench.ts";
import { type BenchDatabase, BenchKeeper } from "../databases/bench-keeper.ts";
import { CommitLoad } from "../databases/commit-load.ts";
import { PeerFailedError } from "../errors.ts";
import { processTree } from "../machine/process-tree.ts";
import { type Figure, formatCount } from "../report/figure.ts";

const commitsPerSecond = 200;
const killsPerRound = 2;
/** Each kill comes so much later after the start of the load than the one before, so that they fall anywhere between two shipments. */
const leastLoadMs = 3_000;
const laterMs = 370;
const backLimitMs = 60_000;

export const databaseLoss: Program = {
  name: "database-loss",
  title: "A cluster that is killed and whose directory is gone",
  tools: [],
  conditions: `${commitsPerSecond} commits a second over eight connections to a database with the usual terms (streaming, no synchronous mode). Then all its processes are killed with
SIGKILL and its data directory taken away, in one moment. What the keeper brings back by itself, from the archive and from what its receiver has
on this machine, is compared with what was acknowledged; so is what a restore gives from the archive alone as it was in that moment, as after the loss of
the machine. Age: how long before the kill the oldest commit was acknowledged that is not there. Keeper and load run in one process.`,

  async run(bench: Bench): Promise<Figure[]> {
    const keeper = BenchKeeper.start(bench, bench.makeFolder("loss"));
    const database = await keeper.create("shop");
    await database.session((client) => client.query("CREATE TABLE commits (id int PRIMARY KEY)"));
    const kills = killsPerRound * bench.rounds;
    const losses: Loss[] = [];
    for (let kill = 0; kill < kills; kill++) {
      bench.step(`Kill ${kill + 1} of ${kills}`);
      losses.push(await loseAndCompare(bench, keeper, database, leastLoadMs + kill * laterMs));
    }
    const acknowledged = losses.reduce((sum, loss) => sum + loss.acknowledged, 0);
    const lost = losses.map(({ streamed }) => streamed);
    const ages = losses.map(({ tailAgeMs }) => tailAgeMs / 1_000);
    return [
      {
        ...{
          id: "database-loss-streamed",
          what: `commits lost in ${kills} kills with the directory, streamed on the machine`,
        },
        goal: { kind: "limit", most: 0, unit: "commits" },
        value: lost.reduce((sum, count) => sum + count, 0),
        measured: `${lost.reduce((sum, count) => sum + count, 0)} of ${formatCount(acknowledged)}`,
        samples: lost,
      },
      {
        ...{
          id: "database-loss-tail",
          what: "the same from the archive alone: age of the oldest commit lost",
        },
        goal: { kind: "limit", most: 5, unit: "s", statistic: "most" },
        value: Math.max(...ages),
        measured: `${Math.max(...ages).toFixed(2)} s (least ${Math.min(...ages).toFixed(2)} s; ${losses.map(({ tail }) => tail).join(", ")} commits)`,
        samples: ages,
      },
    ];
  },
};

interface Loss {
  acknowledged: number;
  /** Commits that the keeper could not bring back. */
  streamed: number;
  /** Commits that the archive alone does not have. */
  tail: number;
  tailAgeMs: number;
}

async function loseAndCompare(
  bench: Bench,
  keeper: BenchKeeper,
  database: BenchDatabase,
  loadMs: number,
): Promise<Loss> {
  await database.session((client) => client.query("TRUNCATE commits"));
  const archive = archiveOf(keeper);
  const copy = join(bench.makeFolder("archive"), "copy");
  const load = new CommitLoad(database.url, commitsPerSecond, 0);
  await Bun.sleep(loadMs);
  const { pid } = readPostmasterFile(database.dataDir)!;
  const away = join(bench.makeFolder("lost"), "data");
  // All processes at once, as when the power of the server fails: a backend that outlived its postmaster would still acknowledge.
  for (const { pid: one } of processTree(pid)) process.kill(one, "SIGKILL");
  const killedMs = performance.now();
  renameSync(database.dataDir, away);
  // Nothing of this process goes on meanwhile, so nothing more is shipped. Objects are never changed: links keep them as they are.
  const { success } = Bun.spawnSync(["cp", "--recursive", "--link", archive.target.description, copy]);
  if (!success) throw new PeerFailedError("The archive could not be copied");
  await load.end();
  rmSync(away, { recursive: true, force: true });

  const streamed = missing(load, await untilBack(database));
  const tail = missing(load, await restoreFrom(new Archive(new FolderTarget(copy), archive.key), bench));
  const oldest = Math.min(killedMs, ...tail.map((id) => load.acknowledged.get(id)!));
  return {
    acknowledged: load.acknowledged.size,
    streamed: streamed.length,
    tail: tail.length,
    tailAgeMs: killedMs - oldest,
  };
}

const missing = ({ acknowledged }: CommitLoad, kept: Set<number>): number[] =>
  [...acknowledged.keys()].filter((id) => !kept.has(id));

const idsQuery = "SELECT array_agg(id) AS ids FROM commits";

async function untilBack(database: BenchDatabase): Promise<Set<number>> {
  for (const deadline = Date.now() + backLimitMs; ; await Bun.sleep(100)) {
    try {
      const { rows } = await database.session((client) => client.query(idsQuery));
      return new Set(rows[0].ids);
    } catch (error) {
      if (Date.now() > deadline) throw new PeerFailedError(`The database did not come back: ${error}`);
    }
  }
}

async function restoreFrom(archive: Archive, bench: Bench): Promise<Set<number>> {
  const folder = bench.makeFolder("restored");
  const dataDir = join(folder, "data");
  await restoreCluster({ archive, target: { kind: "latest" }, dataDir, throwAway: true });
  const server = await startCluster({ dataDir, socketDir: join(folder, "s"), settings: unsafeSettings });
  try {
    const connection = { ...server.connectionOptions(), database: "app" };
    const { rows } = await withSession(connection, (client) => client.query(idsQuery));
    return new Set(rows[0].ids);
  } finally {
    await server.stop("immediate");
  }
}

function archiveOf({ layout }: BenchKeeper): Archive {
  const [record] = readRecords(layout);
  return databaseArchive(readArchivePlace(layout), record!, databaseKeys(layout, record!.id).archive);
}
