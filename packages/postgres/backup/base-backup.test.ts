import { afterAll, beforeAll, expect, test } from "bun:test";
import { closeSync, openSync, readSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Archive } from "../archive/archive.ts";
import { ArchiveKey } from "../archive/archive-key.ts";
import { FolderTarget } from "../archive/folder-target.ts";
import { ArchivedCluster } from "../testing/archived-cluster.ts";
import { until } from "../testing/until.ts";
import { readBackups, readManifest } from "./backup-manifest.ts";
import { parseBackupClause } from "./backup-schedule.ts";
import { expireBackups } from "./expire.ts";

const limitMs = 180_000;
let cluster: ArchivedCluster;
beforeAll(async () => {
  cluster = await ArchivedCluster.start({
    summarize_wal: true,
    autovacuum: false,
    allow_in_place_tablespaces: true,
  });
}, limitMs);
afterAll(() => cluster.stop(), limitMs);

/** What every table of the database holds, as one line a table. */
const everything = `
  SELECT relname, (xpath('/row/c/text()', query_to_xml(
    format('SELECT count(*) || ''/'' || coalesce(sum(hashtext(t::text))::text, '''') AS c FROM %I AS t', relname),
    false, true, '')))[1]::text AS content
  FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname`;

test(
  "incremental backups restore exactly, through growth, truncation, rewriting, dropping and making anew",
  async () => {
    await cluster.query(`
      CREATE TABLE grows AS SELECT g AS id, repeat(md5(g::text), 5) AS filler FROM generate_series(1, 8000) g;
      CREATE TABLE shrinks AS SELECT * FROM grows;
      CREATE TABLE rewritten AS SELECT * FROM grows;
      CREATE TABLE dropped AS SELECT * FROM grows;
      CREATE TABLE untouched AS SELECT * FROM grows;
      CREATE UNLOGGED TABLE unlogged AS SELECT * FROM grows;
      CREATE INDEX ON grows (id)`);
    await cluster.backup();
    const rounds = [
      "UPDATE grows SET filler = 'changed' WHERE id % 500 = 0; INSERT INTO grows SELECT g, 'new' FROM generate_series(9000, 12000) g",
      "DELETE FROM shrinks WHERE id > 100",
      "DROP TABLE dropped; CREATE TABLE made AS SELECT * FROM grows",
      "TRUNCATE rewritten; INSERT INTO rewritten SELECT * FROM untouched WHERE id < 50",
    ];
    for (const [round, statements] of rounds.entries()) {
      await cluster.query(statements);
      // Gives the emptied end of the table back to the disk.
      if (round === 1) await cluster.query("VACUUM shrinks");
      if (round === 3) await cluster.query("INSERT INTO shrinks SELECT * FROM grows WHERE id > 5000");
      const summary = await cluster.backup({ incremental: true });
      expect(summary.kind).toBe("incremental");
    }
    const { backups } = await readBackups(cluster.archive);
    const last = await readManifest(cluster.archive, backups.at(-1)!.id);
    expect(last.files.some((file) => (file.patches?.length ?? 0) > 1)).toBe(true);
    await cluster.query("DROP TABLE unlogged");
    await cluster.archiver.flush();
    expect(await cluster.restoreAndAsk("latest", everything)).toEqual(await cluster.query(everything));
  },
  limitMs,
);

test(
  "a backup that is killed is no backup, and the next one finishes it",
  async () => {
    await cluster.query("CREATE TABLE large AS SELECT g, md5(g::text) FROM generate_series(1, 200000) g");
    const before = await cluster.archive.list("backups/");
    const program = join(cluster.folder, "backup.ts");
    const { archiver: _, archive: __, ...plain } = cluster.backupRequest;
    const module = (name: string) => JSON.stringify(join(import.meta.dir, name));
    writeFileSync(
      program,
      `const { takeBaseBackup } = await import(${module("base-backup.ts")});
       const { Archive } = await import(${module("../archive/archive.ts")});
       const { ArchiveKey } = await import(${module("../archive/archive-key.ts")});
       const { FolderTarget } = await import(${module("../archive/folder-target.ts")});
       await takeBaseBackup({
         ...${JSON.stringify(plain)},
         archive: new Archive(new FolderTarget(${JSON.stringify(cluster.archive.target.description)}),
           new ArchiveKey(Buffer.from("${Buffer.from(cluster.archive.key.secret).toString("hex")}", "hex"))),
         // It never comes to its end, so that it is killed before, however late we are.
         archiver: { flush: async () => {}, shippedTo: () => new Promise(() => {}), baseBackupTaken() {} },
       });`,
    );
    const chunks = async () => (await cluster.archive.list("chunks/")).length;
    const chunksBefore = await chunks();
    const child = Bun.spawn([process.execPath, program], { stdout: "inherit", stderr: "inherit" });
    await until("it has stored something", async () => (await chunks()) > chunksBefore);
    child.kill("SIGKILL");
    await child.exited;
    expect(await cluster.archive.list("backups/")).toEqual(before);
    const summary = await cluster.backup();
    expect(summary.kind).toBe("full");
    await cluster.archiver.flush();
    expect(await cluster.restoreAndAsk("latest", everything)).toEqual(await cluster.query(everything));
  },
  limitMs,
);

test(
  "a page that the disk has changed is named, and no backup is made of it",
  async () => {
    await cluster.query("CREATE TABLE damaged AS SELECT g, repeat('x', 100) FROM generate_series(1, 1000) g");
    await cluster.query("CHECKPOINT");
    const [row] = await cluster.query("SELECT pg_relation_filepath('damaged') path");
    const path = join(cluster.dataDir, row!["path"] as string);
    const at = 3 * 8_192 + 5_000;
    const original = exchangeByte(path, at);
    const before = await cluster.archive.list("backups/");
    await expect(cluster.backup()).rejects.toMatchObject({
      code: "data_checksum_failure",
      message: expect.stringContaining(`${row!["path"]} block 3`),
    });
    expect(await cluster.archive.list("backups/")).toEqual(before);
    exchangeByte(path, at, original);
    await cluster.query("DROP TABLE damaged");
    await cluster.backup();
  },
  limitMs,
);

function exchangeByte(path: string, at: number, byte?: number): number {
  const file = openSync(path, "r+");
  try {
    const old = Buffer.alloc(1);
    readSync(file, old, 0, 1, at);
    writeSync(file, Buffer.from([byte ?? old[0]! ^ 0xff]), 0, 1, at);
    return old[0]!;
  } finally {
    closeSync(file);
  }
}

test(
  "the archive of another cluster is refused before anything is written, and a tablespace is refused by name",
  async () => {
    const other = new Archive(new FolderTarget(join(cluster.folder, "other")), ArchiveKey.generate());
    await other.claim("1234567890");
    await expect(cluster.backup({ archive: other })).rejects.toMatchObject({
      code: "archive_of_another_cluster",
    });
    expect(await other.list("")).toHaveLength(1);
    await cluster.query("CREATE TABLESPACE elsewhere LOCATION ''");
    await expect(cluster.backup()).rejects.toMatchObject({
      code: "tablespaces_unsupported",
      message: expect.stringContaining("elsewhere"),
    });
    await cluster.query("DROP TABLESPACE elsewhere");
  },
  limitMs,
);

test(
  "expiry removes old backups and what only they needed; what is left restores",
  async () => {
    await cluster.query(
      "CREATE TABLE short_lived AS SELECT g, md5(g::text) FROM generate_series(1, 30000) g",
    );
    const old = await cluster.backup({ label: "daily" });
    await cluster.query("DROP TABLE short_lived");
    const fresh = await cluster.backup({ label: "daily" });
    await cluster.archiver.flush();
    const chunksBefore = (await cluster.archive.list("chunks/")).length;
    const report = await expireBackups({
      archive: cluster.archive,
      clauses: [parseBackupClause("daily 02:00 UTC, 30 days")],
      lockDir: cluster.backupRequest.lockDir,
      nowMs: Date.now() + 400 * 86_400_000,
    });
    expect(report.expiredBackups).toContain(old.id);
    expect(report.kept).toEqual([{ id: fresh.id, reason: "it is the newest" }]);
    expect(report.removedChunks).toBeGreaterThan(0);
    expect((await cluster.archive.list("chunks/")).length).toBe(chunksBefore - report.removedChunks);
    expect(await cluster.restoreAndAsk("latest", everything)).toEqual(await cluster.query(everything));
    await expect(cluster.restore(`${new Date(old.stoppedMs).toISOString()}`)).rejects.toMatchObject({
      code: "recovery_target_invalid",
    });
  },
  limitMs,
);
