import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { syncFolder } from "@evenkeel/disk";
import type { Archive } from "../archive/archive.ts";
import { syncFileSystem } from "../archive/sync-file-system.ts";
import { type ArchivePosition, readWalInventory } from "../archive/wal-inventory.ts";
import { type BackupManifest, readBackups } from "../backup/backup-manifest.ts";
import { ChunkWorkers } from "../backup/chunk-workers.ts";
import { DataDirectoryInvalidError } from "../errors.ts";
import { handOver } from "../server/data-directory.ts";
import { killServer } from "../server/kill-server.ts";
import { processRuns } from "../server/process-table.ts";
import {
  defaultServerAccount,
  requireReachable,
  runsAsRoot,
  type ServerAccount,
} from "../server/server-account.ts";
import type { ServerBinaries } from "../server/server-binaries.ts";
import { type RecoveredPoint, recover } from "./recovery.ts";
import type { RecoveryTarget } from "./recovery-target.ts";
import { restoreFiles, restoreTimelines, restoreWal } from "./restore-files.ts";
import { planRestore, type RestoreCatalogue } from "./restore-plan.ts";
import { readRestorePoint } from "./restore-point.ts";

export interface RestoreRequest {
  archive: Archive;
  target: RecoveryTarget;
  /** Must not exist; its parent must. */
  dataDir: string;
  /** Default: the archive's present one. */
  timeline?: number;
  /** Archives whose timelines are taken too, so that the restored cluster begins one that none of them knows. */
  alsoTimelinesOf?: Archive[];
  account?: ServerAccount;
  binaries?: ServerBinaries;
  /** Without fsync: for a copy that is only looked at. Default false. */
  throwAway?: boolean;
  workers?: number;
  /** How long replaying WAL may take; default 24 hours. */
  recoveryLimitMs?: number;
  onProgress?: (progress: RestoreProgress) => void;
}

export type RestoreProgress =
  | { phase: "files"; doneBytes: number; totalBytes: number }
  | { phase: "wal"; doneSegments: number; totalSegments: number }
  | { phase: "recovery" };

export interface RestoreReport {
  dataDir: string;
  base: string;
  /** The one that the restored cluster begins. */
  timeline: number;
  recovered: RecoveredPoint;
  filesMs: number;
  walMs: number;
  recoveryMs: number;
  restoredBytes: number;
  /** Backups that could not be read and were passed over. */
  damagedBackups: string[];
}

/**
 * Restores a cluster from its archive to a point, into a new data directory, stopped. It works in a folder beside it, which
 * gets the name only after the server has recovered to the point and was shut down cleanly: what a crash leaves cannot be
 * mistaken for a cluster, and is removed by the next restore to the same place.
 *
 * @throws RecoveryTargetError WalGapError ObjectDamagedError ObjectMissingError ArchiveKeyError ArchiveEmptyError RecoveryFailedError
 */
export async function restoreCluster(request: RestoreRequest): Promise<RestoreReport> {
  const { archive, dataDir } = request;
  const account = runsAsRoot() ? (request.account ?? defaultServerAccount()) : undefined;
  requireReachable(dataDir, account);
  if (existsSync(dataDir)) {
    throw new DataDirectoryInvalidError(`${dataDir} exists; a restore makes a new data directory`, {
      hint: "Name a folder that does not exist, or move this one away.",
    });
  }
  await removeAbandoned(dataDir);
  const { catalogue, damaged } = await readCatalogue(archive);
  const point =
    request.target.kind === "name" ? await readRestorePoint(archive, request.target.name) : undefined;
  const plan = planRestore(catalogue, request.target, {
    nowMs: Date.now(),
    timeline: request.timeline,
    point,
  });
  const folder = `${dataDir}.restore-${process.pid}-${randomBytes(4).toString("hex")}`;
  const report = request.onProgress ?? (() => {});
  const clock = stopwatch();
  try {
    mkdirSync(folder, { mode: 0o700 });
    const workers = await ChunkWorkers.open(archive, request.workers);
    let filesMs: number;
    let walMs: number;
    let recovered: RecoveredPoint;
    try {
      // WAL first: it is the smaller part, and what is wrong with it is found before thousands of files are made.
      await restoreTimelines([archive, ...(request.alsoTimelinesOf ?? [])], folder);
      const untilMs = request.target.kind === "time" ? request.target.timeMs : undefined;
      const walLeft = await restoreWal(plan.wal, folder, workers, untilMs, (doneSegments, totalSegments) =>
        report({ phase: "wal", doneSegments, totalSegments }),
      );
      // Recovery ends before it comes to what was left. If it did not, the end of what is there would be no target.
      if (walLeft) plan.endIsTarget = false;
      walMs = clock();
      const totalBytes = plan.base.dataBytes;
      await restoreFiles(plan.base, folder, workers, (doneBytes) =>
        report({ phase: "files", doneBytes, totalBytes }),
      );
      filesMs = clock();
      prepareRecovery(plan.base, folder, account);
      report({ phase: "recovery" });
      // The disk takes the files while the server replays; an error of theirs is told only once, to this one.
      const synced = request.throwAway ? undefined : workers.sync(folder);
      synced?.catch(() => {});
      recovered = await withSocketFolder(account, (socketDir) =>
        recover(plan, request.target, {
          dataDir: folder,
          socketDir,
          account,
          binaries: request.binaries,
          throwAway: request.throwAway ?? false,
          limitMs: request.recoveryLimitMs ?? 86_400_000,
        }),
      );
      await synced;
      if (!request.throwAway) syncFileSystem(folder);
    } finally {
      workers.close();
    }
    const recoveryMs = clock();
    renameSync(folder, dataDir);
    syncFolder(dirname(dataDir));
    return {
      dataDir,
      base: plan.base.id,
      timeline: recovered.timeline,
      recovered,
      filesMs,
      walMs,
      recoveryMs,
      restoredBytes: plan.base.dataBytes,
      damagedBackups: damaged,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Everything that can be restored. Backups whose manifest is damaged are named, not hidden. */
export async function readCatalogue(
  archive: Archive,
): Promise<{ catalogue: RestoreCatalogue; damaged: string[] }> {
  await archive.owner();
  // In this order: an archive that goes on meanwhile has at least the WAL that its position and backups speak of.
  const position = await archive.readJson<ArchivePosition>("position");
  const { backups, damaged } = await readBackups(archive);
  const inventory = await readWalInventory(archive);
  return { catalogue: { backups, inventory, position }, damaged };
}

/** The server's own files in the backup are the source's: what would make it archive, or wait for a receiver, goes. */
function prepareRecovery(base: BackupManifest, folder: string, account: ServerAccount | undefined): void {
  writeFileSync(join(folder, "backup_label"), base.backupLabel, { mode: 0o600 });
  writeFileSync(join(folder, "recovery.signal"), "", { mode: 0o600 });
  writeFileSync(join(folder, "postgresql.auto.conf"), "", { mode: 0o600 });
  if (account) handOver(folder, account);
}

/** The place of a socket has few bytes, so it is not beside the data directory. */
export async function withSocketFolder<Result>(
  account: ServerAccount | undefined,
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync("/tmp/ek-restore-");
  chmodSync(folder, 0o700);
  if (account) chownSync(folder, account.uid, account.gid);
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What restores that were killed have left, and the servers that recovered in it. */
async function removeAbandoned(dataDir: string): Promise<void> {
  const prefix = `${basename(dataDir)}.restore-`;
  for (const name of readdirSync(dirname(dataDir))) {
    if (!name.startsWith(prefix) || processRuns(Number(name.slice(prefix.length).split("-")[0]))) continue;
    const folder = join(dirname(dataDir), name);
    await killServer(folder);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Milliseconds since it was asked last. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const lap = performance.now() - last;
    last += lap;
    return Math.round(lap);
  };
}
