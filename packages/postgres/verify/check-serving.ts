import { type DatabaseCheck, type DatabaseProgress, errorJson } from "@evenkeel/model";
import type { ClientConfig } from "pg";
import type { Archive } from "../archive/archive.ts";
import { ChunkWorkers } from "../backup/chunk-workers.ts";
import { withSession } from "../client/session.ts";
import { parseLsn } from "../wal/lsn.ts";
import { databases } from "./oracle.ts";
import { relationFiles } from "./page-check.ts";
import { checkServingStructure } from "./structure-check.ts";

export interface ServingCheckRequest {
  dataDir: string;
  /** The superuser's. */
  connection: ClientConfig;
  /** For its worker threads alone: nothing in it is read. */
  archive: Archive;
  onProgress: (progress: DatabaseProgress) => void;
}

export type ServingCheck = Omit<DatabaseCheck, "app" | "environment">;

/**
 * Looks for damage in a cluster that serves: the checksum of every page on disk, then every index and table by `amcheck`. Changes nothing in
 * it; what is found is in the result, and so is what could not be looked at.
 */
export async function checkServingCluster(request: ServingCheckRequest): Promise<ServingCheck> {
  const check: ServingCheck = {
    ...{
      startedMs: Date.now(),
      finishedMs: 0,
      verdict: "failed",
      pages: 0,
      indexes: 0,
      tables: 0,
      failures: [],
    },
  };
  let step = "verifying page checksums";
  try {
    await verifyPages(request, check);
    step = "checking indexes and tables";
    request.onProgress({ step: "Checking indexes and tables" });
    for (const name of await databases(request.connection)) {
      const found = await withSession({ ...request.connection, database: name }, checkServingStructure);
      check.indexes += found.indexes;
      check.tables += found.tables;
      for (const problem of found.problems) {
        check.failures.push({ step, code: "data_structure_broken", message: `${name}: ${problem}` });
      }
    }
  } catch (error) {
    const { code, message } = errorJson(error);
    check.failures.push({ step, code, message });
  }
  check.finishedMs = Date.now();
  check.verdict = check.failures.length === 0 ? "passed" : "failed";
  return check;
}

async function verifyPages(request: ServingCheckRequest, check: ServingCheck): Promise<void> {
  const { dataDir, connection, archive, onProgress } = request;
  const step = "Verifying page checksums";
  onProgress({ step });
  const { rows } = await withSession(connection, (client) =>
    client.query("SELECT pg_current_wal_insert_lsn()::text AS lsn"),
  );
  const servingSince = parseLsn(rows[0].lsn).toString();
  const paths = relationFiles(dataDir);
  const workers = await ChunkWorkers.open(archive);
  try {
    let done = 0;
    await workers.forEach(paths, async (path) => {
      const { pages, damaged } = await workers.checkPages({ dataDir, path, servingSince });
      check.pages += pages;
      for (const page of damaged) {
        check.failures.push({
          step: "verifying page checksums",
          code: "data_checksum_failure",
          message: page,
        });
      }
      onProgress({ step, fraction: ++done / paths.length });
    });
  } finally {
    workers.close();
  }
}
