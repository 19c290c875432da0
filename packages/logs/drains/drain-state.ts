import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileDurably } from "@evenkeel/disk";
import type { Positions } from "../search/merged-scan.ts";

/** How far a drain has come, in `drain-<id>.json` of its app's folder. */
export interface DrainState {
  /** By writer: the number of the next line. */
  positions: Positions;
  deliveredLines: number;
  /** Lines that retention took before they could be delivered. */
  lostLines: number;
  deliveredAtMs?: number;
  /** Absent: the last delivery went well. */
  failure?: { message: string; sinceMs: number; attempts: number };
}

export const drainStatePath = (folder: string, id: string): string => join(folder, `drain-${id}.json`);

export function readDrainState(folder: string, id: string): DrainState {
  try {
    return JSON.parse(readFileSync(drainStatePath(folder, id), "utf8")) as DrainState;
  } catch {
    return { positions: {}, deliveredLines: 0, lostLines: 0 };
  }
}

export const writeDrainState = (folder: string, id: string, state: DrainState): void =>
  writeFileDurably(drainStatePath(folder, id), JSON.stringify(state), 0o600);
