import { existsSync, readdirSync, rmdirSync } from "node:fs";
import type { DatabaseProgress } from "@evenkeel/model";
import type { Archive } from "../archive/archive.ts";
import { WalShipper } from "../archive/wal-shipper.ts";
import { WalSpool } from "../archive/wal-spool.ts";
import { ArchiveEmptyError } from "../errors.ts";
import { describeRestore } from "../restore/describe-restore.ts";
import { restoreCluster } from "../restore/restore-cluster.ts";

export interface LostCluster {
  dataDir: string;
  spoolDir: string;
  archive: Archive;
}

/** Whether a cluster that was archived has no data directory any more. A new one in its place would be an empty database in silence. */
export async function isLost({ dataDir, archive }: LostCluster): Promise<boolean> {
  if (existsSync(dataDir) && readdirSync(dataDir).length > 0) return false;
  try {
    await archive.owner();
    return true;
  } catch (error) {
    if (error instanceof ArchiveEmptyError) return false;
    throw error;
  }
}

/**
 * Makes a lost cluster's data directory anew, at the newest point: what waits in the spool is archived first. No server and no archiver of it runs.
 *
 * @returns the time of the last transaction as PostgreSQL says it; undefined where none came after the backup
 */
export async function restoreLost(
  { dataDir, spoolDir, archive }: LostCluster,
  onProgress: (progress: DatabaseProgress) => void = () => {},
): Promise<string | undefined> {
  if (existsSync(spoolDir)) {
    const spool = new WalSpool(spoolDir);
    if (spool.owner() === (await archive.owner())) await new WalShipper(archive, spool).ship([]);
  }
  if (existsSync(dataDir)) rmdirSync(dataDir);
  const report = await restoreCluster({
    ...{ archive, dataDir, target: { kind: "latest" } },
    onProgress: (progress) => onProgress(describeRestore(progress)),
  });
  return report.recovered.lastCommitTime;
}
