import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { syncFolder } from "@evenkeel/disk";
import type { DatabaseProgress } from "@evenkeel/model";
import type { ClientConfig } from "pg";
import type { Archive } from "../archive/archive.ts";
import { syncFileSystem } from "../archive/sync-file-system.ts";
import { ChunkWorkers } from "../backup/chunk-workers.ts";
import { copyRunning } from "../branch/branch-source.ts";
import { directorySize } from "../branch/directory-size.ts";
import { ChecksumFailureError } from "../errors.ts";
import { handOver } from "../server/data-directory.ts";
import { isFenced } from "../server/fence.ts";
import { requireFreeSpace } from "../server/free-space.ts";
import { killServer } from "../server/kill-server.ts";
import { processRuns } from "../server/process-table.ts";
import { defaultServerAccount, requireReachable } from "../server/server-account.ts";
import { relationFiles } from "../verify/page-check.ts";
import { parseLsn } from "../wal/lsn.ts";

export interface CopyRequest {
  /** The primary's. */
  dataDir: string;
  connection: ClientConfig;
  /** Where the copy comes. What is there already is a former cluster of the same database, and is kept beside it. */
  to: string;
  /** For its worker threads alone: nothing in it is read. */
  archive: Archive;
  onProgress: (progress: DatabaseProgress) => void;
}

/**
 * Copies a serving primary within an online backup of its own, and makes a standby of it: every page's checksum is verified before it gets its
 * name. Its slot on the primary has to be there before, so that no WAL between the copy and the first stream is missing.
 *
 * @throws ChecksumFailureError DiskSpaceError FolderUnreachableError
 */
export async function copyPrimary(request: CopyRequest): Promise<void> {
  const { dataDir, connection, to, archive, onProgress } = request;
  const account = defaultServerAccount();
  if (mkdirSync(dirname(to), { recursive: true })) chmodSync(dirname(to), 0o711);
  requireReachable(to, account);
  await removeAbandoned(to);
  requireFreeSpace(dirname(to), directorySize(dataDir), "A standby");
  const folder = `${to}.copy-${process.pid}-${randomBytes(4).toString("hex")}`;
  try {
    mkdirSync(folder, { mode: 0o700 });
    const step = "Copying the primary";
    onProgress({ step });
    await copyRunning({ dataDir, connection }, folder, (fraction) => onProgress({ step, fraction }));
    onProgress({ step: "Verifying page checksums" });
    await verifyPages(folder, dataDir, archive);
    // The primary's ALTER SYSTEM: above all, that commits wait for somebody.
    writeFileSync(join(folder, "postgresql.auto.conf"), "", { mode: 0o600 });
    writeFileSync(join(folder, "standby.signal"), "", { mode: 0o600 });
    if (account) handOver(folder, account);
    syncFileSystem(folder);
    if (existsSync(to)) await clearPlace(to);
    renameSync(folder, to);
    syncFolder(dirname(to));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A former primary may hold commits that were lost with it: it is kept, in the place of the one that was kept before. A standby holds nothing. */
async function clearPlace(dataDir: string): Promise<void> {
  await killServer(dataDir);
  const former = `${dataDir}.former`;
  if (isFenced(dataDir)) {
    rmSync(former, { recursive: true, force: true });
    renameSync(dataDir, former);
  } else rmSync(dataDir, { recursive: true });
}

/**
 * Pages of the copy have to be what the server wrote. One that was being written while it was copied is put right by the WAL, so a wrong page counts
 * only where the primary's own is wrong, too.
 */
async function verifyPages(copy: string, primary: string, archive: Archive): Promise<void> {
  const label = readFileSync(join(copy, "backup_label"), "utf8");
  const servingSince = parseLsn(/^START WAL LOCATION: (\S+)/m.exec(label)![1]!).toString();
  const damaged: string[] = [];
  const workers = await ChunkWorkers.open(archive);
  try {
    await workers.forEach(relationFiles(copy), async (path) => {
      const wrong = (await workers.checkPages({ dataDir: copy, path, servingSince })).damaged;
      if (wrong.length === 0) return;
      const source = await workers.checkPages({ dataDir: primary, path, servingSince });
      damaged.push(...source.damaged.filter((page) => wrong.includes(page)));
    });
  } finally {
    workers.close();
  }
  if (damaged.length === 0) return;
  throw new ChecksumFailureError(
    `${damaged.length} pages of the primary have a wrong checksum, among them ${damaged.slice(0, 3).join(", ")}`,
    {
      hint: "A standby of it would be damaged, too. Restore it to the newest point: evenkeel db restore APP --to latest",
    },
  );
}

/** What copies that were killed have left. */
async function removeAbandoned(to: string): Promise<void> {
  const prefix = `${basename(to)}.copy-`;
  for (const name of readdirSync(dirname(to))) {
    if (!name.startsWith(prefix) || processRuns(Number(name.slice(prefix.length).split("-")[0]))) continue;
    await killServer(join(dirname(to), name));
    rmSync(join(dirname(to), name), { recursive: true, force: true });
  }
}
