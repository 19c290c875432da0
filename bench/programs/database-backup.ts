import type { Bench, Program } from "../bench.ts";
import { ArchivedServer } from "../databases/archived-server.ts";
import { compareTimes, timed, timeInTurns } from "../databases/compare-times.ts";
import { workerCount } from "../databases/restore-point.ts";
import { PgBackRest } from "../peers/pgbackrest.ts";
import type { Figure } from "../report/figure.ts";

const goalSizeMb = 2_000;

export const databaseBackup: Program = {
  name: "database-backup",
  title: "Backup of a database",
  tools: ["pgbackrest", "pg_ctlcluster"],
  conditions: `A full base backup of the same table of orders with two indexes (it compresses to about a third), Evenkeel of its own PostgreSQL, pgBackRest
of Debian's, which is the newest that its version knows. Both: ${workerCount} workers, zstd at level 1, AES-256 (Evenkeel GCM, which authenticates;
pgBackRest CBC with SHA-1 of each file), page checksums verified, a folder of the same disk, until the backup is durable and the WAL it needs is archived. The archive
holds no earlier content, so that nothing is spared. In turn, the first of a round changing; what was written before is on disk.`,

  async run(bench: Bench): Promise<Figure[]> {
    const sizeMb = bench.sizeMb(goalSizeMb);
    const [ours, theirs] = await Promise.all([
      ArchivedServer.start(bench, sizeMb),
      PgBackRest.start(bench, sizeMb),
    ]);
    const times = await timeInTurns(bench, "Backups", {
      async ours() {
        ours.forgetBackups();
        await ours.flush();
        return timed(() => ours.backUp());
      },
      async theirs() {
        await theirs.flush();
        const tookMs = await timed(() => theirs.backUp());
        theirs.forgetBackups();
        return tookMs;
      },
    });
    const what = `backup of a database of ${sizeMb / 1_000} GB`;
    return [compareTimes(times, { id: "database-backup", what, most: 1, peer: "pgBackRest" })];
  },
};
