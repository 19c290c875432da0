import { lstatSync, readFileSync } from "node:fs";
import { roomLimits } from "./room-limits.ts";

/** What an app says of itself (its schema, its runbook) takes milliseconds; what takes longer loops. */
export const shortWallTimeMs = 10_000;

export const shortWorkLimits = roomLimits({
  cpus: 1,
  memoryBytes: 512 * 1024 ** 2,
  processes: 64,
  wallTimeMs: shortWallTimeMs,
  diskBytes: 16 * 1024 ** 2,
});

const largestResultBytes = 1024 ** 2;

/** What a runner has left in its room; undefined where that is no file of JSON, since the app's own code ran beside it. */
export function readShortResult<Result>(path: string): Result | undefined {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (!status?.isFile() || status.size > largestResultBytes) return undefined;
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Result;
  } catch {
    return undefined;
  }
}
