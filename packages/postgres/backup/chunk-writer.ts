import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { ArchiveKey } from "../archive/archive-key.ts";
import type { ArchiveTarget } from "../archive/archive-target.ts";
import { sealObject } from "../archive/sealed-object.ts";
import { chunkObject } from "./backup-manifest.ts";
import { chunkName } from "./chunk-name.ts";
import { readControlFile } from "./control-file.ts";
import { blocksPerSegment, parseRelationFile } from "./data-files.ts";
import { pageBytes, pageIsSound } from "./page-checksum.ts";

export interface ChunkTask {
  dataDir: string;
  sources: { path: string; offset: number; bytes: number }[];
  /** Pages changed since then are replaced by recovery and need no checksum; as decimal. */
  startLsn: string;
  verifyChecksums: boolean;
}

export interface StoredChunk {
  name: string;
  storedBytes: number;
  /** Sources whose file is gone: dropped while the backup ran. */
  missing: number[];
  /** `base/5/16384 block 7`: pages whose checksum is wrong. */
  damaged: string[];
}

/** Reads, verifies, names, and stores one chunk, unless the archive has it. */
export async function storeChunk(
  task: ChunkTask,
  key: ArchiveKey,
  target: ArchiveTarget,
): Promise<StoredChunk> {
  const content = Buffer.alloc(task.sources.reduce((sum, source) => sum + source.bytes, 0));
  const missing: number[] = [];
  const damaged: string[] = [];
  let at = 0;
  task.sources.forEach((source, index) => {
    const place = content.subarray(at, at + source.bytes);
    at += source.bytes;
    if (!readSource(task, source, place, damaged)) missing.push(index);
  });
  const name = chunkName(key, content);
  const object = chunkObject(name);
  if (await target.has(object)) return { name, storedBytes: 0, missing, damaged };
  const sealed = sealObject(key, object, content);
  const outcome = await target.put(object, sealed, "create", "later");
  return { name, storedBytes: outcome === "stored" ? sealed.length : 0, missing, damaged };
}

/** A file that has become shorter leaves zeros: recovery truncates it too. False when it is gone. */
function readSource(
  task: ChunkTask,
  { path, offset, bytes }: ChunkTask["sources"][number],
  place: Buffer,
  damaged: string[],
): boolean {
  if (path === "global/pg_control") {
    readControlFile(task.dataDir).copy(place);
    return true;
  }
  let file: number;
  try {
    file = openSync(join(task.dataDir, path), "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  try {
    const read = readFully(file, place.subarray(0, bytes), offset);
    if (task.verifyChecksums) verifyPages(task, path, file, place.subarray(0, read), offset, damaged);
    return true;
  } finally {
    closeSync(file);
  }
}

function readFully(file: number, place: Buffer, offset: number): number {
  let read = 0;
  while (read < place.length) {
    const count = readSync(file, place, read, place.length - read, offset + read);
    if (count === 0) break;
    read += count;
  }
  return read;
}

/** A page may be read while the server writes it, so a wrong one is read again before it is called damaged. */
const attempts = 5;

function verifyPages(
  task: ChunkTask,
  path: string,
  file: number,
  pages: Buffer,
  offset: number,
  damaged: string[],
): void {
  const relation = parseRelationFile(path);
  if (!relation) return;
  const since = BigInt(task.startLsn);
  for (let at = 0; at + pageBytes <= pages.length; at += pageBytes) {
    const page = pages.subarray(at, at + pageBytes);
    const block = relation.segment * blocksPerSegment + (offset + at) / pageBytes;
    let sound = pageIsSound(page, block, since);
    for (let attempt = 1; !sound && attempt < attempts; attempt++) {
      Bun.sleepSync(2 ** attempt);
      readFully(file, page, offset + at);
      sound = pageIsSound(page, block, since);
    }
    if (!sound) damaged.push(`${path} block ${block}`);
  }
}
