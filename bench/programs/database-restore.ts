import type { Bench, Program } from "../bench.ts";
import { ArchivedServer } from "../databases/archived-server.ts";
import { compareTimes, timeInTurns } from "../databases/compare-times.ts";
import { markQuery, workerCount, writeAroundMoment } from "../databases/restore-point.ts";
import { PeerFailedError } from "../errors.ts";
import { PgBackRest } from "../peers/pgbackrest.ts";
import type { Figure } from "../report/figure.ts";

const goalSizeMb = 2_000;

export const databaseRestore: Program = {
  name: "database-restore",
  title: "Restore of a database to a point in time",
  tools: ["pgbackrest", "pg_ctlcluster"],
  conditions: `The base backups of the program before, then changes of rows that lie far apart (ten for each MB of the database), a moment, and as many
changes again. Restored is to the moment, into a new data directory, until the server has promoted, takes writes and has shown that it holds exactly what was
committed by then. Files are synced to disk on both sides. ${workerCount} workers each; pgBackRest fetches WAL asynchronously ahead of the replay; its server has
Debian's settings.`,

  async run(bench: Bench): Promise<Figure[]> {
    const sizeMb = bench.sizeMb(goalSizeMb);
    const [ours, theirs] = await Promise.all([
      ArchivedServer.start(bench, sizeMb),
      PgBackRest.start(bench, sizeMb),
    ]);
    bench.step("Taking backups and writing after them");
    const moments = {
      ours: await momentAfterBackup(ours, sizeMb),
      theirs: await momentAfterBackup(theirs, sizeMb),
    };
    const times = await timeInTurns(bench, "Restores", {
      ours: async () => exact("Evenkeel", await ours.restore(moments.ours, markQuery)),
      theirs: async () => exact("pgBackRest", await theirs.restore(moments.theirs, markQuery)),
    });
    const what = `restore of ${sizeMb / 1_000} GB to a point in time, until it answers`;
    return [compareTimes(times, { id: "database-restore", what, most: 1, peer: "pgBackRest" })];
  },
};

async function momentAfterBackup(side: ArchivedServer | PgBackRest, sizeMb: number): Promise<string> {
  await side.flush();
  await side.backUp();
  // pgBackRest knows the ends of its backups in whole seconds, and takes none that ended in the second of the target.
  await Bun.sleep(1_100);
  const moment = await side.session((client) => writeAroundMoment(client, sizeMb));
  await side.flush();
  return moment;
}

/** @throws PeerFailedError: a restore to another moment is none */
function exact(name: string, { tookMs, row }: { tookMs: number; row: Record<string, unknown> }): number {
  if (row["rows"] === 1 && row["note"] === "before") return tookMs;
  throw new PeerFailedError(`The restore of ${name} ended at another moment: ${JSON.stringify(row)}`);
}
