import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { syncFolder, writeFileDurably } from "@evenkeel/disk";
import { ClusterFencedError } from "../errors.ts";

/** What stands in the data directory of a former primary. */
export interface Fence {
  /** Of the primary that took its place. */
  epoch: number;
  fencedMs: number;
}

const fileName = "evenkeel.fenced";
/** Whoever starts the server without us gets one that takes no writes: https://www.postgresql.org/docs/18/warm-standby.html */
const standbySignal = "standby.signal";

/** From now on no server starts in it by us, and none that takes writes by anybody. The one that runs is the caller's to end, afterwards. */
export function fence(dataDir: string, { epoch, fencedMs }: Fence): void {
  writeFileDurably(join(dataDir, fileName), `${JSON.stringify({ epoch, fencedMs })}\n`, 0o600);
  writeFileDurably(join(dataDir, standbySignal), "", 0o600);
}

/** @param asStandby it stays one that takes no writes */
export function liftFence(dataDir: string, { asStandby }: { asStandby: boolean }): void {
  if (!asStandby) rmSync(join(dataDir, standbySignal), { force: true });
  rmSync(join(dataDir, fileName), { force: true });
  syncFolder(dataDir);
}

export const isFenced = (dataDir: string): boolean => existsSync(join(dataDir, fileName));

/** @throws ClusterFencedError */
export function refuseFenced(dataDir: string): void {
  if (!isFenced(dataDir)) return;
  const { epoch, fencedMs } = JSON.parse(readFileSync(join(dataDir, fileName), "utf8")) as Fence;
  throw new ClusterFencedError(
    `${dataDir} is a former primary, fenced at ${new Date(fencedMs).toISOString()} for epoch ${epoch}: its server does not start`,
    { hint: "Make it a standby again: evenkeel db failback APP" },
  );
}
