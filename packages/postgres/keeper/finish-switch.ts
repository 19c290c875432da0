import { existsSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { syncFolder } from "@evenkeel/disk";
import { readControlFile } from "../backup/control-file.ts";
import { replacedMark } from "../server/data-directory.ts";
import type { DatabasePlace } from "./database-place.ts";

/**
 * Clears up after a restore that a crash interrupted; no server of the database runs. What was restored begins a timeline of its
 * own, so the higher timeline is the restored cluster's:
 *
 * - in `data`: the two were exchanged, and `restored` holds what is to be kept;
 * - in `restored`: they were not, and the restore has not happened.
 *
 * @returns where the replaced data directory is, if the restore is finished by this
 */
export function finishSwitch(place: DatabasePlace, now = new Date()): string | undefined {
  const { dataDir, restoredDir } = place;
  const folder = dirname(dataDir);
  if (!existsSync(restoredDir)) return undefined;
  // Without an exchange in one step the old one has its name already.
  if (!existsSync(dataDir)) renameSync(restoredDir, dataDir);
  else if (timelineOf(dataDir) < timelineOf(restoredDir)) {
    rmSync(restoredDir, { recursive: true });
    return undefined;
  } else {
    const kept = `${dataDir}${replacedMark}${now.toISOString().replaceAll(/[-:]|\..*/g, "")}`;
    renameSync(restoredDir, kept);
    syncFolder(folder);
    return kept;
  }
  syncFolder(folder);
  return undefined;
}

/** Of the last checkpoint, `checkPointCopy.ThisTimeLineID` in PostgreSQL's `pg_control.h`. */
const timelineOf = (dataDir: string): number => readControlFile(dataDir).readUInt32LE(48);
