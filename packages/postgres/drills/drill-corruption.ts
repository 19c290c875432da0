import { closeSync, mkdirSync, openSync, readSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { ArchivePosition } from "../archive/wal-inventory.ts";
import { ChunkWorkers } from "../backup/chunk-workers.ts";
import { pageBytes } from "../backup/page-checksum.ts";
import { DrillFailedError } from "../errors.ts";
import type { AppDatabase } from "../keeper/app-database.ts";
import { restoreCluster } from "../restore/restore-cluster.ts";
import { requireFreeSpace } from "../server/free-space.ts";
import { takeOracle } from "../verify/oracle.ts";
import { relationFiles } from "../verify/page-check.ts";
import { verifyArchive } from "../verify/verify-archive.ts";
import { parseLsn } from "../wal/lsn.ts";
import type { Rehearsal } from "./rehearsal.ts";

/** Files of the copy that are damaged, one page each. */
const damagedFiles = 3;
/** Of 0.3 s: a table that is being vacuumed is waited for, since nobody waits for a drill. */
const oracleAttempts = 100;

/**
 * A copy of the database gets damaged pages, they are looked for, and the newest backup is restored in its place and compared with what the database
 * held: rows, page checksums, structure. The time counts from the damage to the first answer of what was restored.
 */
export async function drillCorruption(
  rehearsal: Rehearsal,
  database: AppDatabase,
  folder: string,
): Promise<void> {
  const { archive } = database;
  const dataDir = join(folder, "copy");
  const oracle = await rehearsal.step("Counting rows of the serving database", async () => {
    requireFreeSpace(folder, 2 * database.dataBytes(), "A drill");
    const { timeMs } = await archive.readJson<ArchivePosition>("position");
    rehearsal.findings.rpoMs = Math.max(0, Date.now() - timeMs);
    return database.whileServing(async () => {
      const taken = await takeOracle(database.superuser, archive, { attempts: oracleAttempts });
      await database.flush();
      return taken;
    });
  });
  try {
    await rehearsal.step("Copying the database", async () => {
      mkdirSync(folder, { recursive: true, mode: 0o711 });
      const target = { kind: "lsn", lsn: parseLsn(oracle.lsn) } as const;
      await restoreCluster({ archive, target, timeline: oracle.timeline, dataDir, throwAway: true });
    });
    const begunMs = performance.now();
    const damaged = await rehearsal.step(
      "Damaging pages of the copy",
      () => damagePages(dataDir),
      (paths) => `one page each of ${paths.join(", ")}`,
    );
    await rehearsal.step(
      "Looking for damage",
      async () => {
        const found = await damagedPages(dataDir, database);
        const unseen = damaged.filter((path) => !found.some((page) => page.startsWith(`${path} `)));
        if (unseen.length === 0) return found;
        throw new DrillFailedError(`Damage in ${unseen.join(", ")} was not seen by page checksums`);
      },
      (found) => `${found.length} damaged pages found`,
    );
    const foundMs = performance.now() - begunMs;
    const verified = await rehearsal.step(
      "Restoring the newest backup and comparing",
      async () => {
        rmSync(dataDir, { recursive: true });
        return verifyArchive({ archive, oracleId: oracle.id, workDir: folder });
      },
      ({ rows, tables, pages }) => `${rows} rows in ${tables} tables, ${pages} pages`,
    );
    for (const { step, code, message } of verified.failures) rehearsal.fail(step, code, message);
    if (verified.rtoMs !== undefined) rehearsal.findings.rtoMs = Math.round(foundMs + verified.rtoMs);
  } finally {
    await archive.delete(`oracles/${oracle.id}`).catch(() => {});
  }
}

/** Flips a bit in the first page of the largest files. @returns their paths */
function damagePages(dataDir: string): string[] {
  const largest = relationFiles(dataDir)
    .map((path) => ({ path, bytes: statSync(join(dataDir, path)).size }))
    .filter(({ bytes }) => bytes >= pageBytes)
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, damagedFiles);
  for (const { path } of largest) {
    const file = openSync(join(dataDir, path), "r+");
    try {
      const byte = Buffer.alloc(1);
      readSync(file, byte, 0, 1, pageBytes - 1);
      byte[0]! ^= 1;
      writeSync(file, byte, 0, 1, pageBytes - 1);
    } finally {
      closeSync(file);
    }
  }
  return largest.map(({ path }) => path);
}

async function damagedPages(dataDir: string, { archive }: AppDatabase): Promise<string[]> {
  const found: string[] = [];
  const workers = await ChunkWorkers.open(archive);
  try {
    await workers.forEach(relationFiles(dataDir), async (path) => {
      found.push(...(await workers.checkPages({ dataDir, path })).damaged);
    });
  } finally {
    workers.close();
  }
  return found;
}
