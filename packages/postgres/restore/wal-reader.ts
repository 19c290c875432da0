import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import type { ArchiveKey } from "../archive/archive-key.ts";
import type { ArchiveTarget } from "../archive/archive-target.ts";
import { openObject } from "../archive/sealed-object.ts";
import { ObjectDamagedError } from "../errors.ts";

export interface WalTask {
  path: string;
  segmentBytes: number;
  /** A complete segment, or parts of one. */
  objects: { name: string; fromByte: number }[];
}

/** Writes a segment from its objects. What has not come of it stays zero, which the server takes for the end of WAL. */
export async function restoreSegment(task: WalTask, key: ArchiveKey, target: ArchiveTarget): Promise<void> {
  const file = openSync(task.path, "wx", 0o600);
  try {
    for (const { name, fromByte } of task.objects) {
      const content = openObject(key, name, await target.get(name));
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
}
