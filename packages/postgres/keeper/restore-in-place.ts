import type { DatabaseProgress, DatabaseRestored } from "@evenkeel/model";
import type { Archive } from "../archive/archive.ts";
import { describeRestore } from "../restore/describe-restore.ts";
import type { RecoveryTarget } from "../restore/recovery-target.ts";
import { restoreCluster } from "../restore/restore-cluster.ts";
import { switchIn } from "../restore/switch-in.ts";
import type { DatabasePlace } from "./database-place.ts";

/**
 * Sets a database back. The restored cluster is made beside the serving one, which goes on meanwhile; only for the switch is there no
 * server. The caller has no restored directory lying about, and starts the server afterwards.
 *
 * @param stop ends the server and ships the last of its WAL
 */
export async function restoreInPlace(
  request: { place: DatabasePlace; archive: Archive; target: RecoveryTarget; alsoTimelinesOf: Archive[] },
  stop: () => Promise<void>,
  onProgress: (progress: DatabaseProgress) => void,
): Promise<DatabaseRestored> {
  const { place, archive, target, alsoTimelinesOf } = request;
  const report = await restoreCluster({
    ...{ archive, target, alsoTimelinesOf, dataDir: place.restoredDir },
    onProgress: (progress) => onProgress(describeRestore(progress)),
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
