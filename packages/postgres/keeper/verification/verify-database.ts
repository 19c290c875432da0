import { mkdirSync } from "node:fs";
import { type DatabaseEvidence, errorJson, randomId } from "@evenkeel/model";
import type { ArchivePosition } from "../../archive/wal-inventory.ts";
import { requireFreeSpace } from "../../server/free-space.ts";
import { takeOracle } from "../../verify/oracle.ts";
import { verifyArchive } from "../../verify/verify-archive.ts";
import type { AppDatabase } from "../app-database.ts";
import type { OnProgress } from "../cluster-protection.ts";
import type { EvidenceLog } from "./evidence-log.ts";

/**
 * Proves that a database's archive restores, or that it does not: what the database holds now is counted and hashed, and must come out of
 * the newest backup and its WAL. The result is on disk before it begins (`running`) and when it has ended; never throws.
 *
 * @param workDir for the throw-away cluster
 */
export async function verifyDatabase(
  { database, log, workDir }: { database: AppDatabase; log: EvidenceLog; workDir: string },
  trigger: DatabaseEvidence["trigger"],
  onProgress: OnProgress,
): Promise<DatabaseEvidence> {
  const evidence = beginEvidence(database, trigger);
  log.write(evidence);
  const result = { ...evidence, ...(await check(database, workDir, onProgress)), finishedMs: Date.now() };
  result.verdict = result.failures.length === 0 ? "passed" : "failed";
  log.write(result);
  // What cannot be stored there now is stored with the next one.
  await log.synchronise().catch((error) => console.error(`Evidence of ${database.name}: ${error.message}`));
  return result;
}

/** On disk before anything is done, so that nothing that was begun goes unnoticed. */
export function beginEvidence(
  { record: { app, environment, id } }: AppDatabase,
  trigger: DatabaseEvidence["trigger"],
): DatabaseEvidence {
  const name = { id: randomId(10), app, environment, database: id };
  const nothing = { failures: [], restoredBytes: 0, pages: 0, indexes: 0, tables: 0, rows: 0 };
  return { ...name, trigger, startedMs: Date.now(), verdict: "running", ...nothing };
}

type Findings = Pick<DatabaseEvidence, "failures"> & Partial<DatabaseEvidence>;

async function check(database: AppDatabase, workDir: string, onProgress: OnProgress): Promise<Findings> {
  let step = "reading the archive";
  try {
    const { archive } = database;
    const { timeMs } = await archive.readJson<ArchivePosition>("position");
    // Now, as it would have been lost; what comes next ships the rest.
    const rpoMs = Math.max(0, Date.now() - timeMs);
    step = "counting rows";
    onProgress({ step: "Counting rows" });
    const oracle = await database.whileServing(async () => {
      const taken = await takeOracle(database.superuser, archive);
      await database.flush();
      return taken;
    });
    step = "making room";
    requireFreeSpace(workDir, database.dataBytes(), "A verification");
    mkdirSync(workDir, { recursive: true, mode: 0o711 });
    const found = await verifyArchive({ archive, oracleId: oracle.id, workDir, onProgress });
    await archive.delete(`oracles/${oracle.id}`).catch(() => {});
    const { failures, backupId, recovered, rtoMs, restoredBytes, pages, indexes, tables, rows } = found;
    return {
      ...{ failures, rpoMs, restoredBytes, pages, indexes, tables, rows },
      ...(rtoMs === undefined ? {} : { rtoMs }),
      ...(backupId === undefined ? {} : { backup: backupId }),
      ...(recovered === undefined ? {} : { recoveredTo: oracle.lsn, recoveredMs: oracle.timeMs }),
    };
  } catch (error) {
    const { code, message } = errorJson(error);
    return { failures: [{ step, code, message }] };
  }
}
