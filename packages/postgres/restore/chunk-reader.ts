import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { ArchiveKey } from "../archive/archive-key.ts";
import type { ArchiveTarget } from "../archive/archive-target.ts";
import { openObject } from "../archive/sealed-object.ts";
import { chunkObject } from "../backup/backup-manifest.ts";
import { chunkName } from "../backup/chunk-name.ts";
import { ObjectDamagedError } from "../errors.ts";

export interface RestoreTask {
  folder: string;
  chunk: string;
  writes: { path: string; fileOffset: number; chunkOffset: number; bytes: number }[];
}

/** Fetches a chunk, proves that it is what its name says, and writes its parts to their places in existing files. */
export async function restoreChunk(task: RestoreTask, key: ArchiveKey, target: ArchiveTarget): Promise<void> {
  const object = chunkObject(task.chunk);
  const content = openObject(key, object, await target.get(object));
  if (chunkName(key, content) !== task.chunk) {
    throw new ObjectDamagedError(
      `Object ${object} of the archive is damaged: it holds another chunk's content`,
    );
  }
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
