import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { writeFileDurably } from "@evenkeel/disk";
import {
  type ArchivePlace,
  type DatabaseProgress,
  type ErrorJson,
  errorJson,
  type HomeLayout,
} from "@evenkeel/model";
import { ArchiveEmptyError, RebuildError } from "../errors.ts";
import { databaseArchive, databaseKeys, databasePlace } from "../keeper/database-place.ts";
import { type DatabaseRecord, readRecords } from "../keeper/database-record.ts";
import { type LostCluster, restoreLost } from "../keeper/restore-lost.ts";
import { writeArchivePlace } from "./archive-place.ts";
import { readNewestSnapshot } from "./file-snapshot.ts";
import { platformArchives } from "./platform-archives.ts";
import { platformDatabase } from "./platform-database.ts";
import { restoreHomeFiles } from "./restore-home-files.ts";

export interface RebuildRequest {
  layout: HomeLayout;
  place: ArchivePlace;
  recoveryKey: Uint8Array;
  onProgress(progress: DatabaseProgress): void;
}

export interface RebuildReport {
  /** Of the copy of its files. */
  filesCopiedAtMs: number;
  files: number;
  /** Last transaction in the platform's own database, as PostgreSQL says it; absent when none came after its backup. */
  lastCommit?: string;
  databases: { app: string; environment: string; lastCommit?: string; error?: ErrorJson }[];
}

/** There while a rebuild is not finished: what stands in the data directory is then its own, and it may go on. */
export const rebuildMark = (layout: HomeLayout): string => `${layout.home}/rebuilding`;

/**
 * Makes a data directory from an archive and the recovery key: keys, settings, build outputs and repositories from their newest copy, then the
 * platform's database and apps' databases at their newest point. An interrupted one is finished by the next call. An app's database that
 * cannot be restored does not hold up the others.
 *
 * @throws RebuildError where there is a platform already; ArchiveEmptyError; ArchiveKeyError; what a restore throws
 */
export async function rebuildHome(request: RebuildRequest): Promise<RebuildReport> {
  const { layout, place, recoveryKey, onProgress } = request;
  refuseOccupied(layout);
  const archives = platformArchives(place, recoveryKey);
  onProgress({ step: "Reading the archive" });
  const snapshot = await readNewestSnapshot(archives.files);
  if (!snapshot) {
    throw new ArchiveEmptyError(`${archives.files.target.description} holds no copy of a platform`, {
      hint: "Name the place that `evenkeel backup status` showed on the lost machine.",
    });
  }
  await archives.database.owner();
  writeFileDurably(rebuildMark(layout), "");
  await restoreHomeFiles(layout, archives.files, snapshot, (fraction) =>
    onProgress({ step: "Restoring keys, build outputs and repositories", fraction }),
  );
  keepWhatWasGiven(request);
  const { dataDir, spoolDir } = platformDatabase(layout);
  const own = { dataDir, spoolDir, archive: archives.database };
  const lastCommit = await restoreOnce(own, "The platform's database", onProgress);
  const databases: RebuildReport["databases"] = [];
  for (const record of readRecords(layout)) databases.push(await restoreDatabase(request, record));
  rmSync(rebuildMark(layout));
  return {
    ...{ filesCopiedAtMs: snapshot.takenMs, files: snapshot.files.length, databases },
    ...(lastCommit === undefined ? {} : { lastCommit }),
  };
}

function refuseOccupied(layout: HomeLayout): void {
  if (existsSync(rebuildMark(layout))) return;
  const found = [layout.config, layout.keys, layout.postgres, layout.artifacts, layout.git].find(
    (path) => existsSync(path) && (!statSync(path).isDirectory() || readdirSync(path).length > 0),
  );
  if (!found) return;
  throw new RebuildError(`There is a platform in ${layout.home} already`, {
    hint: "A platform is made anew in an empty data directory: move this one away, or name another by EVENKEEL_HOME.",
  });
}

/** What the person brings, not the archive. */
function keepWhatWasGiven({ layout, place, recoveryKey }: RebuildRequest): void {
  writeFileDurably(layout.recoveryKey, recoveryKey, 0o600);
  // Whoever rebuilds has it.
  writeFileDurably(layout.recoveryKeyExported, `${JSON.stringify({ atMs: Date.now() })}\n`, 0o600);
  writeArchivePlace(layout, place);
}

async function restoreOnce(
  cluster: LostCluster,
  what: string,
  onProgress: RebuildRequest["onProgress"],
): Promise<string | undefined> {
  // An interrupted attempt got so far: a data directory bears its name when it is whole.
  if (existsSync(cluster.dataDir)) return undefined;
  mkdirSync(dirname(cluster.dataDir), { recursive: true });
  return restoreLost(cluster, ({ step, ...progress }) =>
    onProgress({ ...progress, step: `${what}: ${step.toLowerCase()}` }),
  );
}

async function restoreDatabase(
  { layout, place, onProgress }: RebuildRequest,
  record: DatabaseRecord,
): Promise<RebuildReport["databases"][number]> {
  const { app, environment } = record;
  const { dataDir, spoolDir } = databasePlace(layout, record);
  const archive = databaseArchive(place, record, databaseKeys(layout, record.id).archive);
  try {
    const lastCommit = await restoreOnce(
      { dataDir, spoolDir, archive },
      `Database of ${app}/${environment}`,
      onProgress,
    );
    return { app, environment, ...(lastCommit === undefined ? {} : { lastCommit }) };
  } catch (error) {
    return { app, environment, error: errorJson(error) };
  }
}
