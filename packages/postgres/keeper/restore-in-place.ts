import type { DatabaseProgress, DatabaseRestored } from "@evenkeel/model";
import type { Archive } from "../archive/archive.ts";
import type { RecoveryTarget } from "../restore/recovery-target.ts";
import { type RestoreProgress, restoreCluster } from "../restore/restore-cluster.ts";
import { switchIn } from "../restore/switch-in.ts";
import type { DatabasePlace } from "./database-place.ts";

/**
 * Sets a database back. The restored cluster is made beside the serving one, which goes on meanwhile; only for the switch is there no
 * server. The caller has no restored directory lying about, and starts the server afterwards.
 *
 * @param stop ends the server and ships the last of its WAL
 */
export async function restoreInPlace(
  request: { place: DatabasePlace; archive: Archive; target: RecoveryTarget },
  stop: () => Promise<void>,
  onProgress: (progress: DatabaseProgress) => void,
): Promise<DatabaseRestored> {
  const { place, archive, target } = request;
  const report = await restoreCluster({
    ...{ archive, target, dataDir: place.restoredDir },
    onProgress: (progress) => onProgress(describe(progress)),
  });
  onProgress({ step: "Switching to the restored database" });
  await stop();
  const replaced = switchIn(place.dataDir, place.restoredDir);
  const lastCommit = report.recovered.lastCommitTime;
  return {
    ...{ backup: report.base, timeline: report.timeline, replaced },
    ...(lastCommit === undefined ? {} : { lastCommit }),
  };
}

function describe(progress: RestoreProgress): DatabaseProgress {
  switch (progress.phase) {
    case "files":
      return {
        step: "Restoring files",
        fraction: progress.totalBytes === 0 ? 1 : progress.doneBytes / progress.totalBytes,
      };
    case "wal":
      return {
        step: "Restoring WAL",
        fraction: progress.totalSegments === 0 ? 1 : progress.doneSegments / progress.totalSegments,
      };
    case "recovery":
      return { step: "Replaying WAL" };
  }
}
