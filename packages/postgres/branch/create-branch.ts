import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { syncFolder } from "@evenkeel/disk";
import type { DatabaseProgress } from "@evenkeel/model";
import { appDatabase, appRole, ensureAppRole } from "../app-cluster/app-role.ts";
import { connectionLimits } from "../app-cluster/connection-limits.ts";
import { syncFileSystem } from "../archive/sync-file-system.ts";
import { withSession } from "../client/session.ts";
import { DataDirectoryInvalidError, ScrubFailedError } from "../errors.ts";
import { describeRestore } from "../restore/describe-restore.ts";
import { restoreCluster, withSocketFolder } from "../restore/restore-cluster.ts";
import { startCluster } from "../server/cluster.ts";
import { handOver } from "../server/data-directory.ts";
import { killServer } from "../server/kill-server.ts";
import { processRuns } from "../server/process-table.ts";
import { defaultServerAccount, runsAsRoot, type ServerAccount } from "../server/server-account.ts";
import type { ServerBinaries } from "../server/server-binaries.ts";
import { unsafeSettings } from "../server/server-settings.ts";
import { type BranchSource, copyRunning, copyStopped } from "./branch-source.ts";
import { directorySize } from "./directory-size.ts";

export interface BranchRequest {
  source: BranchSource;
  /** Must not exist; for shared blocks on the same file system as the source. */
  dataDir: string;
  /** The app role's new one: nobody who knows the parent's gets in. */
  password: string;
  connectionLimit?: number;
  /**
   * Run as the app's role, in one transaction, before anybody can connect: what it removes or changes no preview ever sees.
   */
  scrubSql?: string;
  /**
   * Leave recovery and the new password to the first start, which has to set it (as `AppCluster` does at each): saves one of two starts. Where
   * there is SQL for scrubbing, it is done here nevertheless. Default false.
   */
  finishAtStart?: boolean;
  onProgress?: (progress: DatabaseProgress) => void;
  account?: ServerAccount;
  binaries?: ServerBinaries;
}

export interface BranchReport {
  dataDir: string;
  sizeBytes: number;
}

/**
 * Makes a cluster of its own from another's content; the source is only read. The folder gets its name when the branch is complete, on disk
 * and scrubbed, so an unscrubbed copy is never in its place.
 *
 * @throws BranchSourceError ScrubFailedError, and the errors of a restore.
 */
export async function createBranch(request: BranchRequest): Promise<BranchReport> {
  const { dataDir } = request;
  if (existsSync(dataDir)) {
    throw new DataDirectoryInvalidError(`${dataDir} exists already`, {
      hint: "Remove the old branch first.",
    });
  }
  await removeAbandoned(dataDir);
  const account = runsAsRoot() ? (request.account ?? defaultServerAccount()) : undefined;
  const folder = `${dataDir}.branch-${process.pid}-${randomBytes(4).toString("hex")}`;
  try {
    await fill(request, folder, account);
    // The source's ALTER SYSTEM: above all, that commits wait for its archive.
    writeFileSync(join(folder, "postgresql.auto.conf"), "", { mode: 0o600 });
    if (account) handOver(folder, account);
    if (request.scrubSql !== undefined || !request.finishAtStart) await personalise(request, folder, account);
    const sizeBytes = directorySize(folder);
    syncFileSystem(folder);
    renameSync(folder, dataDir);
    syncFolder(dirname(dataDir));
    return { dataDir, sizeBytes };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fill(
  { source, binaries, onProgress = () => {} }: BranchRequest,
  folder: string,
  account: ServerAccount | undefined,
): Promise<void> {
  if (source.kind === "archive") {
    const { archive, target } = source;
    await restoreCluster({
      ...{ archive, target, dataDir: folder, account, binaries, throwAway: true },
      onProgress: (progress) => onProgress(describeRestore(progress)),
    });
    return;
  }
  mkdirSync(folder, { mode: 0o700 });
  if (source.kind === "stopped") return copyStopped(source.dataDir, folder);
  const { exclusively = (copy) => copy() } = source;
  const step = "Copying the database";
  onProgress({ step });
  await exclusively(() => copyRunning(source, folder, (fraction) => onProgress({ step, fraction })));
}

/** Recovers the copy where nobody can reach it, and makes it the preview's. */
async function personalise(
  request: BranchRequest,
  folder: string,
  account: ServerAccount | undefined,
): Promise<void> {
  await withSocketFolder(account, async (socketDir) => {
    const cluster = await startCluster({
      dataDir: folder,
      socketDir,
      account,
      binaries: request.binaries,
      // Everything is brought to disk once, at the end.
      settings: { ...unsafeSettings, autovacuum: false },
    });
    try {
      const wanted = {
        password: request.password,
        connectionLimit: connectionLimits(request.connectionLimit).app,
      };
      await withSession(cluster.connectionOptions(), (client) => ensureAppRole(client, wanted));
      if (request.scrubSql !== undefined) {
        request.onProgress?.({ step: "Scrubbing the copy" });
        const app = { user: appRole, database: appDatabase, password: request.password };
        await scrub(cluster.connectionString(app), request.scrubSql);
      }
      await cluster.stop("fast");
    } catch (error) {
      await killServer(folder);
      throw error;
    }
  });
}

async function scrub(connectionString: string, statements: string): Promise<void> {
  try {
    // Several statements in one message are one transaction.
    await withSession(connectionString, (client) => client.query(statements));
  } catch (cause) {
    throw new ScrubFailedError(`The scrubbing SQL failed: ${(cause as Error).message}`, {
      hint: "The branch was not made. Correct the SQL; it runs as the app's role against the parent's schema.",
      cause,
    });
  }
}

async function removeAbandoned(dataDir: string): Promise<void> {
  const prefix = `${basename(dataDir)}.branch-`;
  for (const name of readdirSync(dirname(dataDir))) {
    if (!name.startsWith(prefix) || processRuns(Number(name.slice(prefix.length).split("-")[0]))) continue;
    await killServer(join(dirname(dataDir), name));
    rmSync(join(dirname(dataDir), name), { recursive: true, force: true });
  }
}
