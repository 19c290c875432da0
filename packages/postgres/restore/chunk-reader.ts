import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { ArchiveKey } from "../archive/archive-key.ts";
import type { ArchiveTarget } from "../archive/archive-target.ts";
import { openObject } from "../archive/sealed-object.ts";
import { chunkObject } from "../backup/backup-manifest.ts";
import { ObjectDamagedError } from "../errors.ts";

export interface RestoreTask {
  folder: string;
  chunk: string;
  writes: { path: string; fileOffset: number; chunkOffset: number; bytes: number }[];
}

/**
 * Fetches a chunk and writes its parts to their places in existing files. Opening it proves that it is what was stored under its name, so
 * the name is not worked out anew, which would take a third of a restore's CPU time.
 */
export async function restoreChunk(task: RestoreTask, key: ArchiveKey, target: ArchiveTarget): Promise<void> {
  const object = chunkObject(task.chunk);
  const content = openObject(key, object, await target.get(object));
  for (const { path, fileOffset, chunkOffset, bytes } of task.writes) {
    if (chunkOffset + bytes > content.length) {
      throw new ObjectDamagedError(
        `Object ${object} of the archive is damaged: it is shorter than the backup needs`,
      );
    }
    const file = openSync(join(task.folder, path), "r+");
    try {
      for (let written = 0; written < bytes; ) {
        written += writeSync(file, content, chunkOffset + written, bytes - written, fileOffset + written);
      }
    } finally {
      closeSync(file);
    }
  }
}
