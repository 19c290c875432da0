import { rmSync } from "node:fs";
import { join } from "node:path";
import { type DatabaseProgress, errorJson, randomId } from "@evenkeel/model";
import type { Archive } from "../archive/archive.ts";
import type { ArchivePosition } from "../archive/wal-inventory.ts";
import { ChunkWorkers } from "../backup/chunk-workers.ts";
import { withSession } from "../client/session.ts";
import { describeRestore } from "../restore/describe-restore.ts";
import { type RestoreReport, restoreCluster, withSocketFolder } from "../restore/restore-cluster.ts";
import { startCluster } from "../server/cluster.ts";
import { killServer } from "../server/kill-server.ts";
import { defaultServerAccount, runsAsRoot, type ServerAccount } from "../server/server-account.ts";
import type { ServerBinaries } from "../server/server-binaries.ts";
import { unsafeSettings } from "../server/server-settings.ts";
import { parseLsn } from "../wal/lsn.ts";
import { databases, type Oracle, tableContents } from "./oracle.ts";
import { relationFiles } from "./page-check.ts";
import { checkStructure } from "./structure-check.ts";

export interface VerificationRequest {
  archive: Archive;
  /** Taken by `takeOracle`, and in the archive together with its WAL. */
  oracleId: string;
  /** Where the throw-away cluster is made; needs room for the database and its WAL. */
  workDir: string;
  account?: ServerAccount;
  binaries?: ServerBinaries;
  workers?: number;
  hashLimitBytes?: number;
  onProgress?: (progress: DatabaseProgress) => void;
}

/** The row that proves, or disproves, that the archive restores. */
export interface VerificationEvidence {
  id: string;
  startedMs: number;
  finishedMs: number;
  /** A check that could not run has failed. */
  verdict: "passed" | "failed";
  /** What failed: the step, and why. */
  failures: { step: string; code: string; message: string }[];
  oracleId: string;
  backupId: string | undefined;
  recovered: RestoreReport["recovered"] | undefined;
  /** Age of the newest archived commit when the verification began: what a loss at that moment would have cost. */
  rpoMs: number | undefined;
  /** From the begin to the first answer of the restored cluster. */
  rtoMs: number | undefined;
  restoredBytes: number;
  pages: number;
  indexes: number;
  tables: number;
  rows: number;
}

/**
 * Restores the archive to the oracle's position into a throw-away cluster, and compares: every page's checksum, the structure of every
 * index and table, and every table's rows with what they were. Never throws: what goes wrong is the result.
 */
export async function verifyArchive(request: VerificationRequest): Promise<VerificationEvidence> {
  const id = randomId(10);
  const evidence: VerificationEvidence = {
    id,
    startedMs: Date.now(),
    finishedMs: 0,
    verdict: "failed",
    failures: [],
    oracleId: request.oracleId,
    backupId: undefined,
    recovered: undefined,
    rpoMs: undefined,
    rtoMs: undefined,
    restoredBytes: 0,
    pages: 0,
    indexes: 0,
    tables: 0,
    rows: 0,
  };
  const dataDir = join(request.workDir, `verify-${id}`);
  let step = "reading the archive";
  try {
    await request.archive.owner();
    const position = await request.archive.readJson<ArchivePosition>("position");
    evidence.rpoMs = Math.max(0, evidence.startedMs - position.timeMs);
    const oracle = await request.archive.readJson<Oracle>(`oracles/${request.oracleId}`);
    step = "restoring";
    const report = await restoreCluster({
      ...request,
      target: { kind: "lsn", lsn: parseLsn(oracle.lsn) },
      timeline: oracle.timeline,
      dataDir,
      throwAway: true,
      onProgress: (progress) => request.onProgress?.(describeRestore(progress)),
    });
    evidence.backupId = report.base;
    evidence.recovered = report.recovered;
    evidence.restoredBytes = report.restoredBytes;
    for (const backup of report.damagedBackups) {
      fail(
        evidence,
        "reading backups",
        "archive_object_damaged",
        `The manifest of backup ${backup} is damaged`,
      );
    }
    const elapsed = performance.now();
    step = "verifying page checksums";
    request.onProgress?.({ step: "Verifying page checksums" });
    await verifyPages(request, dataDir, evidence);
    const checkingMs = performance.now() - elapsed;
    step = "comparing the restored cluster";
    request.onProgress?.({ step: "Comparing rows and checking indexes" });
    await inspect(request, dataDir, oracle, evidence, checkingMs);
  } catch (error) {
    const { code, message } = errorJson(error);
    fail(evidence, step, code, message);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
  evidence.finishedMs = Date.now();
  evidence.verdict = evidence.failures.length === 0 ? "passed" : "failed";
  return evidence;
}

function fail(evidence: VerificationEvidence, step: string, code: string, message: string): void {
  evidence.failures.push({ step, code, message });
}

async function verifyPages(
  request: VerificationRequest,
  dataDir: string,
  evidence: VerificationEvidence,
): Promise<void> {
  const workers = await ChunkWorkers.open(request.archive, request.workers);
  try {
    await workers.forEach(relationFiles(dataDir), async (path) => {
      const { pages, damaged } = await workers.checkPages({ dataDir, path });
      evidence.pages += pages;
      for (const page of damaged) fail(evidence, "verifying page checksums", "data_checksum_failure", page);
    });
  } finally {
    workers.close();
  }
}

async function inspect(
  request: VerificationRequest,
  dataDir: string,
  oracle: Oracle,
  evidence: VerificationEvidence,
  checkingMs: number,
): Promise<void> {
  const account = runsAsRoot() ? (request.account ?? defaultServerAccount()) : undefined;
  await withSocketFolder(account, async (socketDir) => {
    const settings = { ...unsafeSettings, autovacuum: false, shared_buffers: "128MB" };
    const cluster = await startCluster({ dataDir, socketDir, account, binaries: request.binaries, settings });
    try {
      const names = await databases(cluster.connectionOptions());
      // The check of pages is ours, not part of being back.
      evidence.rtoMs = Math.round(Date.now() - evidence.startedMs - checkingMs);
      for (const name of names) {
        await withSession(cluster.connectionOptions(name), async (client) => {
          const expected = oracle.databases.find((database) => database.name === name)?.tables ?? [];
          await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
          const found = await tableContents(client, request.hashLimitBytes ?? 1024 ** 3);
          await client.query("COMMIT");
          compare(name, expected, found, evidence);
          const structure = await checkStructure(client);
          evidence.indexes += structure.indexes;
          for (const problem of structure.problems) {
            fail(evidence, "checking structure", "data_structure_broken", `${name}: ${problem}`);
          }
        });
      }
      for (const { name } of oracle.databases) {
        if (!names.includes(name))
          fail(evidence, "comparing rows", "restored_rows_differ", `Database ${name} is missing`);
      }
    } finally {
      await killServer(dataDir);
    }
  });
}

function compare(
  database: string,
  expected: Oracle["databases"][number]["tables"],
  found: Oracle["databases"][number]["tables"],
  evidence: VerificationEvidence,
): void {
  const byName = new Map(found.map((table) => [`${table.schema}.${table.name}`, table]));
  for (const table of expected) {
    const name = `${table.schema}.${table.name}`;
    const restored = byName.get(name);
    byName.delete(name);
    evidence.tables++;
    evidence.rows += restored?.rows ?? 0;
    const sameHash = table.hash === undefined || restored?.hash === undefined || restored.hash === table.hash;
    if (restored && restored.rows === table.rows && sameHash) continue;
    const has = restored ? `${restored.rows} rows` : "no such table";
    const differs = restored?.rows === table.rows ? "other rows of the same number" : has;
    fail(
      evidence,
      "comparing rows",
      "restored_rows_differ",
      `${database}.${name}: ${table.rows} rows then, ${differs} restored`,
    );
  }
  for (const name of byName.keys()) {
    fail(
      evidence,
      "comparing rows",
      "restored_rows_differ",
      `${database}.${name}: a table that was not there`,
    );
  }
}
