import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EvenkeelError } from "@evenkeel/model";
import { Client } from "pg";
import { Archive } from "../archive/archive.ts";
import { ArchiveKey } from "../archive/archive-key.ts";
import { chunkObject } from "../backup/backup-manifest.ts";
import { readPostmasterFile } from "../server/postmaster-file.ts";
import { processRuns } from "../server/process-table.ts";
import { ArchivedCluster } from "../testing/archived-cluster.ts";
import { until } from "../testing/until.ts";
import { readCatalogue } from "./restore-cluster.ts";
import { planRestore } from "./restore-plan.ts";
import { createRestorePoint } from "./restore-point.ts";

const limitMs = 300_000;
let cluster: ArchivedCluster;
beforeAll(async () => {
  cluster = await ArchivedCluster.start({ track_commit_timestamp: true });
  await cluster.query("CREATE TABLE log (writer int, number int)");
  await cluster.query("CREATE EXTENSION pg_walinspect");
  await cluster.backup();
}, limitMs);
afterAll(() => cluster.stop(), limitMs);

const transactions = "SELECT xmin::text AS xid FROM log ORDER BY xmin::text::bigint";
const xids = (rows: Record<string, unknown>[]) => rows.map((row) => row["xid"] as string);

test(
  "restores to a time, an LSN, a transaction and a name are exact under concurrent writers",
  async () => {
    const [{ lsn: from }] = (await cluster.query("SELECT pg_current_wal_lsn() lsn")) as [{ lsn: string }];
    let writing = true;
    let written = 0;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      const client = new Client(cluster.server.connectionOptions());
      await client.connect();
      for (let number = 0; writing; number++, written++) {
        await client.query("INSERT INTO log VALUES ($1, $2)", [writer, number]);
      }
      await client.end();
    });
    await until("much is written", () => written > 200);
    const [marks] = await cluster.query(
      "SELECT pg_current_wal_insert_lsn()::text lsn, clock_timestamp()::text time",
    );
    await createRestorePoint(cluster.server.connectionOptions(), cluster.archive, "amid writers");
    await until("more is written", () => written > 400);
    writing = false;
    await Promise.all(writers);
    await cluster.archiver.flush();
    // WAL order is the truth, not the order of times or numbers.
    const commits = await cluster.query(
      `SELECT xid::text, start_lsn, end_lsn, substring(description from '^[^;]+') AS time, record_type AS type
       FROM pg_get_wal_records_info($1, pg_current_wal_flush_lsn())
       WHERE resource_manager = 'Transaction' AND record_type = 'COMMIT' ORDER BY start_lsn`,
      [from],
    );
    const inLog = new Set(xids(await cluster.query(transactions)));
    const order = commits.filter((commit) => inLog.has(commit["xid"] as string));
    expect(order.length).toBe(inLog.size);
    const sorted = (list: Record<string, unknown>[]) => xids(list).sort((a, b) => Number(a) - Number(b));
    const before = (end: (commit: Record<string, unknown>) => boolean) => {
      const stop = order.findIndex(end);
      return sorted(stop === -1 ? order : order.slice(0, stop));
    };

    const time = marks!["time"] as string;
    const byTime = before((commit) => microseconds(commit["time"] as string) > microseconds(time));
    expect(xids(await cluster.restoreAndAsk(time, transactions))).toEqual(byTime);

    const middle = order[Math.floor(order.length / 2)]!;
    const atLsn = xids(await cluster.restoreAndAsk(middle["end_lsn"] as string, transactions));
    expect(atLsn).toEqual(sorted(order.slice(0, Math.floor(order.length / 2) + 1)));

    const atXid = xids(await cluster.restoreAndAsk(middle["xid"] as string, transactions));
    expect(atXid).toEqual(atLsn);

    const atName = xids(await cluster.restoreAndAsk("amid writers", transactions));
    expect(atName).toEqual(sorted(order.slice(0, atName.length)));
    expect(atName.length).toBeGreaterThanOrEqual(byTime.length);
    expect(atName.length).toBeLessThan(order.length);

    expect(xids(await cluster.restoreAndAsk("latest", transactions))).toEqual(sorted(order));
  },
  limitMs,
);

/** `2026-03-01 12:00:00.25+00` and `2026-03-01 12:00:00.25 UTC`. */
function microseconds(time: string): bigint {
  const [, seconds, fraction = ""] = /^(\S+ \d\d:\d\d:\d\d)(?:\.(\d+))?(?:\+00| UTC)$/.exec(time)!;
  return BigInt(Date.parse(`${seconds!.replace(" ", "T")}Z`)) * 1_000n + BigInt(fraction.padEnd(6, "0"));
}

test(
  "points outside the archive are refused with the range, before anything is made",
  async () => {
    const refused = (to: string, reason: string) =>
      expect(cluster.restore(to)).rejects.toMatchObject({
        code: "recovery_target_invalid",
        message: expect.stringContaining(reason),
        hint: expect.stringMatching(/^Times from 20\d\d-.+ can be restored, or LSNs from 0\/.+\.$/),
      });
    await refused(new Date(Date.now() + 3_600_000).toISOString(), "in the future");
    await refused("2001-01-01T00:00:00Z", "before the first backup");
    await refused("FF/0", "has not come so far");
    await refused("0/1000000", "before the first backup");
    await expect(cluster.restore("never made")).rejects.toMatchObject({
      hint: expect.stringContaining("amid writers"),
    });
    await expect(cluster.restore("999999")).rejects.toMatchObject({
      message: expect.stringContaining("does not contain it"),
    });
    expect(readdirSync(cluster.folder).filter((name) => name.startsWith("restored"))).toEqual([]);
  },
  limitMs,
);

test(
  "a time at which nothing was committed since is the archive's end",
  async () => {
    const rows = await cluster.query(transactions);
    const [{ time }] = (await cluster.query("SELECT clock_timestamp()::text time")) as [{ time: string }];
    await until("the archive has come to that time", async () => {
      return (await cluster.archiver.flush()).timeMs > Date.parse(time);
    });
    expect(await cluster.restoreAndAsk(time, transactions)).toEqual(rows);
  },
  limitMs,
);

test(
  "a restore that is killed leaves no cluster, and the next one cleans up after it",
  async () => {
    const program = join(cluster.folder, "restore.ts");
    const module = (name: string) => JSON.stringify(join(import.meta.dir, name));
    writeFileSync(
      program,
      `const { restoreCluster } = await import(${module("restore-cluster.ts")});
       const { Archive } = await import(${module("../archive/archive.ts")});
       const { ArchiveKey } = await import(${module("../archive/archive-key.ts")});
       const { FolderTarget } = await import(${module("../archive/folder-target.ts")});
       const { readdirSync, existsSync } = await import("node:fs");
       const folder = ${JSON.stringify(cluster.folder)};
       if (process.argv[2] === "server runs") setInterval(() => {
         const left = readdirSync(folder).find((name) => name.startsWith("restored.restore-" + process.pid));
         if (left && existsSync(folder + "/" + left + "/postmaster.pid")) process.kill(process.pid, "SIGKILL");
       }, 1);
       await restoreCluster({
         dataDir: ${JSON.stringify(join(cluster.folder, "restored"))}, target: { kind: "latest" }, throwAway: true,
         archive: new Archive(new FolderTarget(${JSON.stringify(cluster.archive.target.description)}),
           new ArchiveKey(Buffer.from("${Buffer.from(cluster.archive.key.secret).toString("hex")}", "hex"))),
         onProgress: ({ phase }) => phase === process.argv[2] && process.kill(process.pid, "SIGKILL"),
       });`,
    );
    let abandonedServer = 0;
    for (const phase of ["files", "wal", "recovery", "server runs"]) {
      const child = Bun.spawn([process.execPath, program, phase], { stdout: "inherit", stderr: "inherit" });
      await child.exited;
      expect(child.signalCode).toBe("SIGKILL");
      expect(existsSync(join(cluster.folder, "restored"))).toBe(false);
      const left = readdirSync(cluster.folder).find((name) => name.startsWith("restored."))!;
      abandonedServer = readPostmasterFile(join(cluster.folder, left))?.pid ?? 0;
    }
    expect(abandonedServer).toBeGreaterThan(0);
    await cluster.restoreAndAsk("latest", "SELECT 1");
    expect(readdirSync(cluster.folder).filter((name) => name.startsWith("restored"))).toEqual([]);
    expect(processRuns(abandonedServer)).toBe(false);
  },
  limitMs,
);

test(
  "each object that is flipped, cut short or deleted is noticed before a restored cluster exists",
  async () => {
    const { archive, folder } = cluster;
    await cluster.archiver.stop();
    const { catalogue } = await readCatalogue(archive);
    const plan = planRestore(catalogue, { kind: "latest" }, { nowMs: Date.now() });
    // Objects of a kind are treated alike; some stand for all.
    const wal = plan.wal.pieces.flatMap((piece) => piece.objects.map(({ name }) => name));
    const some = [wal[0]!, wal[Math.floor(wal.length / 2)]!, wal.at(-1)!];
    const chunks = plan.base.chunks.slice(0, 2).map(chunkObject);
    for (const key of ["identity", "position", `backups/${plan.base.id}`, ...some, ...chunks]) {
      const path = join(archive.target.description, key);
      const original = readFileSync(path);
      const flipped = Buffer.from(original);
      flipped[Math.floor(original.length * 0.7)]! ^= 1;
      for (const [damage, content] of [
        ["flipped", flipped],
        ["cut short", original.subarray(0, original.length - 20)],
        ["deleted", undefined],
      ] as const) {
        if (content === undefined) rmSync(path);
        else writeFileSync(path, content);
        const outcome = await cluster.restore("latest").then(
          () => "restored",
          (error) => (error instanceof EvenkeelError ? "refused" : String(error)),
        );
        expect([damage, key, outcome]).toEqual([damage, key, "refused"]);
        expect(existsSync(join(folder, "restored"))).toBe(false);
        writeFileSync(path, original);
      }
    }
    await cluster.restoreAndAsk("latest", "SELECT 1");
    await cluster.startArchiver();
  },
  limitMs,
);

test(
  "a wrong key is named as such",
  async () => {
    const archive = new Archive(cluster.archive.target, ArchiveKey.generate());
    await expect(cluster.restore("latest", { archive })).rejects.toMatchObject({ code: "archive_key_wrong" });
  },
  limitMs,
);
