import { rmSync, statfsSync, statSync } from "node:fs";
import { entriesOf } from "@evenkeel/disk";
import type { AppName, HomeLayout } from "@evenkeel/model";
import { appLogFolder, listLogFiles, logsFolder } from "./log-files.ts";
import { type LogSettings, readLogSettings } from "./log-settings.ts";
import { type KeptSegment, planRetention } from "./plan-retention.ts";

export interface DiskBudget {
  /** Of all apps' logs together, bytes. Default 10 GiB. */
  totalBytes: number;
  /** What the disk is to have left, bytes: the platform needs it more than old lines. Default 512 MiB. */
  reserveBytes: number;
}

export const usualDiskBudget: DiskBudget = {
  totalBytes: 10 * 1024 ** 3,
  reserveBytes: 512 * 1024 * 1024,
};

/** Removes what is past its age or exceeds a budget; any process may, at any time. @returns the number of segments removed */
export function keepWithinBudget(
  layout: Pick<HomeLayout, "logs">,
  budget: DiskBudget = usualDiskBudget,
  nowMs = Date.now(),
): number {
  const segments = allSegments(layout);
  const settings = new Map<string, LogSettings>();
  for (const { app } of segments) {
    if (!settings.has(app)) settings.set(app, readLogSettings(appLogFolder(layout, app as AppName)));
  }
  const usedBytes = segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const missingBytes = Math.max(0, budget.reserveBytes - freeBytes(logsFolder(layout)));
  const remove = planRetention(segments, {
    retentionMs: (app) => settings.get(app)!.retentionDays * 86_400_000,
    budgetBytes: (app) => settings.get(app)!.budgetBytes,
    totalBytes: Math.min(budget.totalBytes, usedBytes - missingBytes),
    nowMs,
  });
  for (const path of remove) rmSync(path, { force: true });
  return remove.length;
}

/** On a full disk: the oldest segment of all goes. @returns false where there is none */
export function removeOldestSegment(layout: Pick<HomeLayout, "logs">): boolean {
  const [oldest] = allSegments(layout)
    .filter(({ isSealed }) => isSealed)
    .sort((one, two) => one.newestMs - two.newestMs);
  if (!oldest) return false;
  rmSync(oldest.path, { force: true });
  return true;
}

function allSegments(layout: Pick<HomeLayout, "logs">): KeptSegment[] {
  return entriesOf(logsFolder(layout)).flatMap(({ name: app }) =>
    listLogFiles(appLogFolder(layout, app as AppName)).flatMap(({ path, kind }) => {
      const found = statSync(path, { throwIfNoEntry: false });
      // A sealed one is written to for the last time when it takes in its newest lines, or up to a day later.
      return found
        ? [{ path, app, sizeBytes: found.size, newestMs: found.mtimeMs, isSealed: kind === "seg" }]
        : [];
    }),
  );
}

function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
