import type { Archive } from "../archive/archive.ts";

/** One file of a copy. */
export interface SnapshotFile {
  /** Relative to the data directory. */
  path: string;
  /** Permission bits. */
  mode: number;
  sizeBytes: number;
  modifiedMs: number;
  /** Names of the chunks that it consists of, in order. */
  chunks: string[];
}

/** A whole copy of the platform's files, the last object of it to be written. */
export interface FileSnapshot {
  formatVersion: 1;
  /** When it was begun. */
  takenMs: number;
  files: SnapshotFile[];
}

export const snapshotName = (takenMs: number): string => `snapshots/${String(takenMs).padStart(15, "0")}`;

/** Names, oldest first. */
export const listSnapshots = async (archive: Archive): Promise<string[]> =>
  (await archive.list("snapshots/")).map(({ key }) => key);

/** The newest; undefined where none is. */
export async function readNewestSnapshot(archive: Archive): Promise<FileSnapshot | undefined> {
  const name = (await listSnapshots(archive)).at(-1);
  return name === undefined ? undefined : archive.readJson<FileSnapshot>(name);
}

const dayMs = 86_400_000;

/**
 * Which copies are not needed any more: all but the newest, and the last one of each of the 7 days for which the platform's database can be set
 * back. Pure.
 */
export function expiredSnapshots(names: string[], nowMs: number): string[] {
  const takenMs = (name: string) => Number(name.slice("snapshots/".length));
  const dayOf = (name: string) => Math.floor(takenMs(name) / dayMs);
  return names.filter((name, index) => {
    const next = names[index + 1];
    if (next === undefined) return false;
    return dayOf(next) === dayOf(name) || takenMs(name) < nowMs - 7 * dayMs;
  });
}
