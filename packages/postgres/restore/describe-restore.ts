import type { DatabaseProgress } from "@evenkeel/model";
import type { RestoreProgress } from "./restore-cluster.ts";

/** A restore's progress for people. */
export function describeRestore(progress: RestoreProgress): DatabaseProgress {
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
