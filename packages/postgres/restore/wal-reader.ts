import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { basename } from "node:path";
import type { ArchiveKey } from "../archive/archive-key.ts";
import type { ArchiveTarget } from "../archive/archive-target.ts";
import { openObject } from "../archive/sealed-object.ts";
import { ObjectDamagedError, ObjectMissingError } from "../errors.ts";
import { hasLaterTransactionEnd } from "../wal/transaction-ends.ts";

export interface WalTask {
  /** Ends in the segment's name. */
  path: string;
  segmentBytes: number;
  /** A complete segment, or parts of one. */
  objects: { name: string; fromByte: number }[];
  /** What recovery is to come to, if that is a time. */
  untilMs: number | undefined;
}

/**
 * Writes a segment from its objects. What has not come of it stays zero, which the server takes for the end of WAL.
 *
 * @returns whether recovery to `untilMs` ends in it.
 */
export async function restoreSegment(
  task: WalTask,
  key: ArchiveKey,
  target: ArchiveTarget,
): Promise<boolean> {
  const parts = await readParts(task, key, target);
  const file = openSync(task.path, "wx", 0o600);
  try {
    for (const { name, fromByte, content } of parts) {
      if (fromByte + content.length > task.segmentBytes) {
        throw new ObjectDamagedError(`Object ${name} of the archive is longer than a WAL segment`);
      }
      for (let written = 0; written < content.length; ) {
        written += writeSync(file, content, written, content.length - written, fromByte + written);
      }
    }
    ftruncateSync(file, task.segmentBytes);
  } finally {
    closeSync(file);
  }
  const [whole, ...others] = parts;
  if (task.untilMs === undefined || !whole || others.length > 0) return false;
  return hasLaterTransactionEnd(whole.content, basename(task.path), task.untilMs);
}

interface Part {
  name: string;
  fromByte: number;
  content: Uint8Array;
}

async function readParts(task: WalTask, key: ArchiveKey, target: ArchiveTarget): Promise<Part[]> {
  const read = async (name: string, fromByte: number): Promise<Part> => ({
    name,
    fromByte,
    content: openObject(key, name, await target.get(name)),
  });
  try {
    return await Promise.all(task.objects.map(({ name, fromByte }) => read(name, fromByte)));
  } catch (error) {
    const whole = `wal/${basename(task.path)}`;
    // An archiver that runs meanwhile has completed the segment and removed its parts.
    if (!(error instanceof ObjectMissingError) || !(await target.has(whole))) throw error;
    return [await read(whole, 0)];
  }
}
