import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withSession } from "../client/session.ts";
import { startTestCluster, type TestCluster } from "../testing/test-cluster.ts";
import { until } from "../testing/until.ts";
import { parseLsn, segmentName, segmentStart } from "../wal/lsn.ts";
import { Archive } from "./archive.ts";
import { ArchiveKey } from "./archive-key.ts";
import { FolderTarget } from "./folder-target.ts";
import { WalArchiver, type WalArchiverEvent, type WalArchiverOptions } from "./wal-archiver.ts";
import { readWalInventory, walCoverage } from "./wal-inventory.ts";
import { setZeroLoss } from "./zero-loss.ts";

const limitMs = 120_000;
let postgres: TestCluster;
let folder: string;
let target: FolderTarget & { away?: boolean };
let archive: Archive;
let events: WalArchiverEvent[];
const running: WalArchiver[] = [];

beforeAll(async () => {
  postgres = await startTestCluster({ fsync: false, max_slot_wal_keep_size: "1GB" });
}, limitMs);
afterAll(() => postgres.stop(), limitMs);

beforeEach(() => {
  folder = mkdtempSync("/tmp/ek-wal-");
  target = new FolderTarget(join(folder, "archive"));
  const put = target.put.bind(target);
  target.put = async (...object) => {
    if (target.away) throw Object.assign(new Error("gone"), { code: "EIO" });
    return put(...object);
  };
  archive = new Archive(target, ArchiveKey.generate());
  events = [];
});
afterEach(async () => {
  for (const archiver of running.splice(0)) await archiver.stop();
  await query("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots");
  rmSync(folder, { recursive: true, force: true });
}, limitMs);

function startArchiver(options: Partial<WalArchiverOptions> = {}): WalArchiver {
  const archiver = new WalArchiver({
    connection: () => postgres.cluster.connectionOptions(),
    archive,
    spoolDir: join(folder, "spool"),
    tailIntervalMs: 50,
    onEvent: (event) => events.push(event),
    ...options,
  });
  running.push(archiver);
  archiver.start();
  return archiver;
}

const query = (text: string) =>
  withSession(postgres.cluster.connectionOptions(), async (client) => (await client.query(text)).rows);

const kinds = () => events.map((event) => event.kind);

/** Fills the rest of the current segment, `count` times. */
async function switchSegments(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await query("SELECT pg_logical_emit_message(false, 'test', repeat('x', 1000))");
    await query("SELECT pg_switch_wal()");
  }
}

async function archivedSegments(): Promise<string[]> {
  return [...(await readWalInventory(archive)).segments].sort();
}

test(
  "the archive follows the server, segment by segment, byte by byte, with the newest tail",
  async () => {
    const [{ lsn: from }] = (await query("SELECT pg_current_wal_lsn() lsn")) as [{ lsn: string }];
    const archiver = startArchiver();
    await until("it streams", () => kinds().includes("streaming"));
    await switchSegments(2);
    await query("SELECT pg_logical_emit_message(false, 'test', 'the newest words', true)");
    const [{ lsn: to }] = (await query("SELECT pg_current_wal_flush_lsn() lsn")) as [{ lsn: string }];
    const position = await archiver.flush();
    expect(position.lsn).toBeGreaterThanOrEqual(parseLsn(to));
    const coverage = walCoverage(await readWalInventory(archive), 1, segmentStart(parseLsn(from)));
    expect(coverage.gap).toBe(false);
    expect(coverage.end).toBeGreaterThanOrEqual(parseLsn(to));
    expect(coverage.pieces.length).toBeGreaterThanOrEqual(3);
    for (const piece of coverage.pieces) {
      const ours = Buffer.concat(
        await Promise.all(piece.objects.map(async ({ name }) => Buffer.from(await archive.read(name)))),
      );
      const theirs = readFileSync(join(postgres.cluster.dataDir, "pg_wal", piece.segment));
      expect(ours.equals(theirs.subarray(0, ours.length))).toBe(true);
    }
    const last = coverage.pieces.at(-1)!;
    const tail = await archive.read(last.objects.at(-1)!.name);
    expect(Buffer.from(tail).includes("the newest words")).toBe(true);
    expect(archiver.status()).toMatchObject({ streaming: true, waitingBytes: 0, gap: undefined });
  },
  limitMs,
);

test(
  "while the archive is away the app goes on and the spool keeps its limit; when it is back nothing is missing",
  async () => {
    const archiver = startArchiver({ spoolLimitBytes: 48 * 1024 * 1024 });
    await until("it streams", () => kinds().includes("streaming"));
    await archiver.flush();
    target.away = true;
    await switchSegments(12);
    await until("it says that the archive fails and that the spool is full", () => {
      return kinds().includes("archive_failing") && kinds().includes("spool_full");
    });
    expect(kinds().filter((kind) => kind === "archive_failing")).toHaveLength(1);
    expect(archiver.status().waitingBytes).toBeLessThan(12 * 16 * 1024 * 1024);
    await expect(archiver.shippedTo(parseLsn("FFFF/0"), 1)).rejects.toMatchObject({ code: "archive_behind" });
    await query("CREATE TABLE IF NOT EXISTS goes_on (id int)");
    target.away = false;
    await archiver.flush();
    expect(kinds()).toContain("archive_recovered");
    expect(kinds()).toContain("spool_drained");
    const segments = await archivedSegments();
    expect(segments.length).toBeGreaterThanOrEqual(12);
    const { gap, pieces } = walCoverage(await readWalInventory(archive), 1, await firstOf(segments));
    expect({ gap, complete: pieces.length >= segments.length }).toEqual({ gap: false, complete: true });
  },
  limitMs,
);

const firstOf = async (segments: string[]) =>
  segmentStart(
    (BigInt(`0x${segments[0]!.slice(8, 16)}`) * 0x1_0000_0000n +
      BigInt(`0x${segments[0]!.slice(16)}`) * 0x100_0000n) as never,
  );

test(
  "WAL that the server gave up is told as a gap, and archiving goes on behind it",
  async () => {
    const archiver = startArchiver();
    await until("it streams", () => kinds().includes("streaming"));
    await switchSegments(1);
    await archiver.flush();
    await archiver.stop();
    running.length = 0;
    await query("ALTER SYSTEM SET max_slot_wal_keep_size = '16MB'");
    await query("ALTER SYSTEM SET wal_recycle = off");
    await query("ALTER SYSTEM SET max_wal_size = '32MB'");
    await query("SELECT pg_reload_conf()");
    try {
      await until("the slot is lost", async () => {
        await switchSegments(3);
        await query("CHECKPOINT");
        const [slot] = await query("SELECT wal_status FROM pg_replication_slots");
        return slot?.["wal_status"] === "lost";
      });
    } finally {
      for (const name of ["max_slot_wal_keep_size", "wal_recycle", "max_wal_size"]) {
        await query(`ALTER SYSTEM RESET ${name}`);
      }
      await query("SELECT pg_reload_conf()");
    }
    const next = startArchiver();
    await until("it tells the gap", () => kinds().includes("gap"));
    await switchSegments(1);
    await next.flush();
    const { gap } = next.status();
    const inventory = await readWalInventory(archive);
    const first = (await archivedSegments())[0]!;
    expect(walCoverage(inventory, 1, await firstOf([first])).gap).toBe(true);
    expect(walCoverage(inventory, 1, parseLsn(gap!.to)).gap).toBe(false);
    next.baseBackupTaken(parseLsn(gap!.to));
    expect(next.status().gap).toBeUndefined();
  },
  limitMs,
);

test(
  "in zero-loss mode a commit waits while nobody receives, and all that was acknowledged is on the receiver's disk",
  async () => {
    const archiver = startArchiver({ zeroLoss: true });
    await until("commits wait for it", async () => {
      const [row] = await query("SELECT sync_state FROM pg_stat_replication");
      return row?.["sync_state"] === "sync";
    });
    await query("CREATE TABLE acknowledged (id int)");
    await query("INSERT INTO acknowledged VALUES (4711)");
    const [{ lsn }] = (await query("SELECT pg_current_wal_flush_lsn() lsn")) as [{ lsn: string }];
    expect(parseLsn(archiver.status().durable!)).toBeGreaterThanOrEqual(parseLsn(lsn));
    // A stop of our own lets commits go on; here the receiver dies instead, so the wish stays.
    await archiver.stop();
    running.length = 0;
    await setZeroLoss(postgres.cluster.connectionOptions(), true);
    let committed = false;
    const waiting = query("INSERT INTO acknowledged VALUES (4712)").then(() => {
      committed = true;
    });
    await until("the commit waits for the receiver", async () => {
      const rows = await query("SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
      return rows.length === 1;
    });
    expect(committed).toBe(false);
    startArchiver({ zeroLoss: true });
    await waiting;
    await query("DROP TABLE acknowledged");
  },
  limitMs,
);

test(
  "an archive of another cluster is refused and stays as it is",
  async () => {
    await archive.claim("1234567890");
    const before = await target.list("");
    startArchiver();
    await until("it refuses", () => kinds().includes("archive_failing"));
    const failing = events.find((event) => event.kind === "archive_failing");
    expect(failing).toMatchObject({ error: { code: "archive_of_another_cluster" } });
    expect(await target.list("")).toEqual(before);
  },
  limitMs,
);

test(
  "an archiver that is killed again and again misses nothing",
  async () => {
    const [{ lsn: from }] = (await query("SELECT pg_current_wal_lsn() lsn")) as [{ lsn: string }];
    const program = join(folder, "archiver.ts");
    const module = (name: string) => JSON.stringify(join(import.meta.dir, name));
    writeFileSync(
      program,
      `const { WalArchiver } = await import(${module("wal-archiver.ts")});
       const { Archive } = await import(${module("archive.ts")});
       const { ArchiveKey } = await import(${module("archive-key.ts")});
       const { FolderTarget } = await import(${module("folder-target.ts")});
       new WalArchiver({
         connection: () => (${JSON.stringify(postgres.cluster.connectionOptions())}),
         archive: new Archive(new FolderTarget(${JSON.stringify(join(folder, "archive"))}),
           new ArchiveKey(Buffer.from("${Buffer.from(archive.key.secret).toString("hex")}", "hex"))),
         spoolDir: ${JSON.stringify(join(folder, "spool"))},
         tailIntervalMs: 5,
         onEvent: (event) => process.stdout.write(event.kind + "\\n"),
       }).start();`,
    );
    for (let round = 0; round < 5; round++) {
      const child = Bun.spawn([process.execPath, program], { stdout: "pipe", stderr: "ignore" });
      // Killed amid receiving or shipping, sooner and later.
      const reader = child.stdout.getReader();
      await reader.read();
      await switchSegments(round % 2 === 0 ? 2 : 1);
      child.kill("SIGKILL");
      await child.exited;
    }
    const archiver = startArchiver();
    await archiver.flush();
    const coverage = walCoverage(await readWalInventory(archive), 1, segmentStart(parseLsn(from)));
    expect(coverage.gap).toBe(false);
    expect(coverage.pieces[0]!.segment).toBe(segmentName(1, parseLsn(from)));
    expect(coverage.pieces.length).toBeGreaterThanOrEqual(8);
    for (const piece of coverage.pieces) {
      for (const { name, fromByte } of piece.objects) {
        const ours = Buffer.from(await archive.read(name));
        const theirs = readFileSync(join(postgres.cluster.dataDir, "pg_wal", piece.segment));
        expect(ours.equals(theirs.subarray(fromByte, fromByte + ours.length))).toBe(true);
      }
    }
  },
  limitMs,
);
