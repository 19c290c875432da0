import { afterEach, expect, test } from "bun:test";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { WalArchiver } from "../archive/wal-archiver.ts";
import { readWalInventory, walCoverage } from "../archive/wal-inventory.ts";
import { ArchivedCluster } from "../testing/archived-cluster.ts";
import { until } from "../testing/until.ts";
import { parseLsn } from "../wal/lsn.ts";
import { switchIn } from "./switch-in.ts";

const limitMs = 180_000;
let cluster: ArchivedCluster;
afterEach(() => cluster.stop(), limitMs);

const numbers = "SELECT array_agg(id ORDER BY id) AS ids FROM orders";

test(
  "after a restore the archive follows the new timeline, and both ways can be restored to",
  async () => {
    cluster = await ArchivedCluster.start();
    await cluster.query("CREATE TABLE orders AS SELECT g AS id FROM generate_series(1, 3) g");
    await cluster.backup();
    const [{ time }] = (await cluster.query("SELECT clock_timestamp()::text AS time")) as [{ time: string }];
    await cluster.query("DELETE FROM orders");
    await cluster.query("INSERT INTO orders VALUES (99)");
    await cluster.archiver.flush();

    const report = await cluster.restore(time, { throwAway: false });
    expect(report.timeline).toBe(2);
    expect(() => switchIn(cluster.dataDir, report.dataDir)).toThrow("A server runs in");
    await cluster.archiver.stop();
    await cluster.server.stop();
    const kept = switchIn(cluster.dataDir, report.dataDir);
    expect([existsSync(kept), existsSync(report.dataDir)]).toEqual([true, false]);
    await cluster.startServer();
    await cluster.startArchiver();
    expect(await cluster.query(numbers)).toEqual([{ ids: [1, 2, 3] }]);
    await until("it has followed to the new timeline", () => cluster.archiver.status().timeline === 2);

    await cluster.query("INSERT INTO orders VALUES (4)");
    await cluster.query("SELECT pg_switch_wal()");
    await cluster.query("INSERT INTO orders VALUES (5)");
    await cluster.archiver.flush();
    expect(await cluster.restoreAndAsk("latest", numbers)).toEqual([{ ids: [1, 2, 3, 4, 5] }]);
    expect(await cluster.restoreAndAsk("latest", numbers, { timeline: 1 })).toEqual([{ ids: [99] }]);
    // A base of the new timeline, and a restore from it, which must not take the number 2 again.
    await cluster.backup();
    const second = await cluster.restore("latest");
    expect(second.timeline).toBe(3);
    rmSync(second.dataDir, { recursive: true });

    rmSync(kept, { recursive: true });
  },
  limitMs,
);

test(
  "a switch that was interrupted between its two renames is noticed, not papered over by a new empty cluster",
  async () => {
    cluster = await ArchivedCluster.start();
    await cluster.archiver.stop();
    await cluster.server.stop();
    const replaced = `${cluster.dataDir}.replaced-20260301T120000`;
    switchInHalf(replaced);
    await expect(cluster.startServer()).rejects.toMatchObject({ code: "data_directory_invalid" });
    expect(existsSync(cluster.dataDir)).toBe(false);
  },
  limitMs,
);

function switchInHalf(replaced: string): void {
  Bun.spawnSync(["mv", cluster.dataDir, replaced]);
}

test(
  "in zero-loss mode no acknowledged commit is lost when server, archiver and data directory are lost at once",
  async () => {
    cluster = await ArchivedCluster.start();
    await cluster.query("CREATE TABLE orders (id int)");
    await cluster.backup();
    await cluster.archiver.stop();
    const program = join(cluster.folder, "archiver.ts");
    const module = (name: string) => JSON.stringify(join(import.meta.dir, "../archive", name));
    writeFileSync(
      program,
      `const { WalArchiver } = await import(${module("wal-archiver.ts")});
       const { Archive } = await import(${module("archive.ts")});
       const { ArchiveKey } = await import(${module("archive-key.ts")});
       const { FolderTarget } = await import(${module("folder-target.ts")});
       new WalArchiver({
         connection: () => (${JSON.stringify(cluster.server.connectionOptions())}),
         archive: new Archive(new FolderTarget(${JSON.stringify(cluster.archive.target.description)}),
           new ArchiveKey(Buffer.from("${Buffer.from(cluster.archive.key.secret).toString("hex")}", "hex"))),
         spoolDir: ${JSON.stringify(join(cluster.folder, "spool"))},
         zeroLoss: true,
         // So late that only the spool has it.
         tailIntervalMs: 3_600_000,
       }).start();`,
    );
    const archiver = Bun.spawn([process.execPath, program], { stdout: "inherit", stderr: "inherit" });
    await until("commits wait for the archiver", async () => {
      const [row] = await cluster.query("SELECT sync_state FROM pg_stat_replication");
      return row?.["sync_state"] === "sync";
    });
    let acknowledged = 0;
    const client = new Client(cluster.server.connectionOptions());
    client.on("error", () => {});
    await client.connect();
    const writing = (async () => {
      for (;;) {
        await client.query("INSERT INTO orders VALUES ($1)", [acknowledged + 1]);
        acknowledged++;
      }
    })().catch(() => {});
    await until("much is acknowledged", () => acknowledged > 100);
    archiver.kill("SIGKILL");
    process.kill(cluster.server.pid, "SIGKILL");
    await Promise.all([archiver.exited, cluster.server.exited(), writing]);
    rmSync(cluster.dataDir, { recursive: true });

    const rescue = new WalArchiver({
      connection: () => cluster.server.connectionOptions(),
      archive: cluster.archive,
      spoolDir: join(cluster.folder, "spool"),
    });
    rescue.start();
    await until("the spool is in the archive", () => rescue.status().shipped !== undefined);
    await rescue.stop();
    const [{ count }] = (await cluster.restoreAndAsk("latest", "SELECT count(*)::int FROM orders")) as [
      { count: number },
    ];
    // The one that was under way may be there as well.
    expect([acknowledged, acknowledged + 1]).toContain(count);
    const inventory = await readWalInventory(cluster.archive);
    expect(walCoverage(inventory, 1, parseLsn("0/2000000")).gap).toBe(false);
  },
  limitMs,
);
