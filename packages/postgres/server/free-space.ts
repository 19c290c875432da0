import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { formatSize } from "@evenkeel/model";
import { DiskSpaceError } from "../errors.ts";

export interface DiskSpace {
  freeBytes: number;
  totalBytes: number;
}

/** Databases that serve are on the same disk: nothing else may take the last of it. */
const reservedShare = 0.05;
/** With less than this left, what is not needed for serving production stops writing. */
const criticalShare = 0.02;

export const isAlmostFull = ({ freeBytes, totalBytes }: DiskSpace): boolean =>
  freeBytes < totalBytes * criticalShare;

/** Of the disk that holds `folder`, or will. */
export function diskSpace(folder: string): DiskSpace {
  const present = existsSync(folder) ? folder : dirname(folder);
  const { bavail, blocks, bsize } = statfsSync(present);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

/** Pure. @throws DiskSpaceError */
export function requireSpace({ freeBytes, totalBytes }: DiskSpace, neededBytes: number, what: string): void {
  if (freeBytes - neededBytes >= totalBytes * reservedShare) return;
  throw new DiskSpaceError(
    `${what} needs ${formatSize(neededBytes)}, and the disk has ${formatSize(freeBytes)} left, of which 5 % stay free`,
    { hint: "Remove branches or apps that nobody needs, or free space on the disk." },
  );
}

/** @throws DiskSpaceError */
export const requireFreeSpace = (folder: string, neededBytes: number, what: string): void =>
  requireSpace(diskSpace(folder), neededBytes, what);
