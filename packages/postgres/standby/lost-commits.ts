import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { LostCommits } from "@evenkeel/model";
import { type Lsn, segmentName } from "../wal/lsn.ts";
import { walRecords } from "../wal/wal-records.ts";

export interface LossRequest {
  /** Of the former primary; may be gone. */
  dataDir: string;
  /** Where the archive's receiver keeps WAL before it is shipped. */
  spoolDir: string;
  /** The timeline that was left, and where. */
  timeline: number;
  switchedAt: Lsn;
  /** Commit time of the last transaction that is kept; undefined where there is none. */
  lastKeptMs: number | undefined;
}

/**
 * What the former primary had written behind the point at which its timeline was left: by its own WAL, or where that is gone by what the
 * archive's receiver has of it.
 */
export function measureLoss(request: LossRequest): LostCommits {
  const { dataDir, spoolDir, timeline, switchedAt, lastKeptMs } = request;
  const own = join(dataDir, "pg_wal");
  const measuredBy = existsSync(own) ? "primary" : "archive";
  const folder = measuredBy === "primary" ? own : spoolDir;
  const readSegment = (start: Lsn): Uint8Array | undefined => {
    const path = join(folder, segmentName(timeline, start));
    const there = [path, `${path}.partial`].find((each) => existsSync(each));
    return there === undefined ? undefined : readFileSync(there);
  };
  let end = switchedAt;
  let commits = 0;
  let firstMs: number | undefined;
  let lastMs: number | undefined;
  for (const record of walRecords(readSegment, switchedAt)) {
    end = record.end;
    if (record.committedMs === undefined) continue;
    commits++;
    firstMs ??= record.committedMs;
    lastMs = record.committedMs;
  }
  const seconds = lastMs === undefined ? 0 : Math.max(0, lastMs - (lastKeptMs ?? firstMs!)) / 1_000;
  return { commits, bytes: Number(end - switchedAt), seconds, measuredBy };
}
