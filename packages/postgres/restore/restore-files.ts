import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Archive } from "../archive/archive.ts";
import type { WalCoverage, WalPiece } from "../archive/wal-inventory.ts";
import type { BackupManifest, ManifestFile, Slice } from "../backup/backup-manifest.ts";
import type { ChunkWorkers } from "../backup/chunk-workers.ts";
import { pageBytes } from "../backup/page-checksum.ts";
import { DataDirectoryInvalidError } from "../errors.ts";
import { walSegmentBytes } from "../wal/lsn.ts";
import type { RestoreTask } from "./chunk-reader.ts";

/** Of each worker: what lies behind the point that is restored to is fetched in vain. */
const segmentsAhead = 2;

type Write = RestoreTask["writes"][number];

/**
 * Lays a base backup out in `folder`: files at their length, then content chunk by chunk, then patch after patch. Every chunk is
 * opened with the archive's key, which proves that it is the one of its name.
 */
export async function restoreFiles(
  manifest: BackupManifest,
  folder: string,
  workers: ChunkWorkers,
  onProgress: (doneBytes: number) => void,
): Promise<void> {
  for (const path of manifest.folders) mkdirSync(inside(folder, path), { recursive: true, mode: 0o700 });
  for (const { path, sizeBytes } of manifest.files) {
    mkdirSync(dirname(inside(folder, path)), { recursive: true, mode: 0o700 });
    const file = openSync(inside(folder, path), "wx", 0o600);
    ftruncateSync(file, sizeBytes);
    closeSync(file);
  }
  const layers = [manifest.files.flatMap(contentWrites)];
  const deepest = Math.max(0, ...manifest.files.map((file) => file.patches?.length ?? 0));
  for (let depth = 0; depth < deepest; depth++) {
    layers.push(manifest.files.flatMap((file) => patchWrites(file, depth)));
  }
  let doneBytes = 0;
  for (const layer of layers) {
    const tasks = [...byChunk(layer)].map(([chunk, writes]) => ({
      folder,
      chunk: manifest.chunks[chunk]!,
      writes,
    }));
    await workers.restoreAll(tasks, ({ writes }) => {
      doneBytes += writes.reduce((sum, write) => sum + write.bytes, 0);
      onProgress(doneBytes);
    });
  }
}

/** Names come from a sealed manifest; that none leaves the folder is checked nevertheless. */
function inside(folder: string, path: string): string {
  if (path.startsWith("/") || path.split("/").includes("..")) {
    throw new DataDirectoryInvalidError(
      `The backup names the file ${path}, which is outside the data directory`,
    );
  }
  return join(folder, path);
}

interface ChunkWrite extends Write {
  chunk: number;
}

function contentWrites({ path, sizeBytes, slices }: ManifestFile): ChunkWrite[] {
  let fileOffset = 0;
  return slices.flatMap(([chunk, chunkOffset, bytes]) => {
    const write = { chunk, path, fileOffset, chunkOffset, bytes: Math.min(bytes, sizeBytes - fileOffset) };
    fileOffset += bytes;
    // The file had become shorter when a later backup kept these bytes.
    return write.bytes > 0 ? [write] : [];
  });
}

function patchWrites({ path, sizeBytes, patches }: ManifestFile, depth: number): ChunkWrite[] {
  const patch = patches?.[depth];
  if (!patch) return [];
  const pages = pagesOf(patch.slices);
  return patch.blocks.flatMap((block, index) => {
    const [chunk, chunkOffset] = pages[index]!;
    const fileOffset = block * pageBytes;
    return fileOffset + pageBytes <= sizeBytes
      ? [{ chunk, path, fileOffset, chunkOffset, bytes: pageBytes }]
      : [];
  });
}

/** Chunk and offset of each page of a patch, in order. */
const pagesOf = (slices: Slice[]): [chunk: number, offset: number][] =>
  slices.flatMap(([chunk, offset, bytes]) =>
    Array.from({ length: bytes / pageBytes }, (_, page): [number, number] => [
      chunk,
      offset + page * pageBytes,
    ]),
  );

function byChunk(writes: ChunkWrite[]): Map<number, Write[]> {
  const grouped = new Map<number, Write[]>();
  for (const { chunk, ...write } of writes) {
    const group = grouped.get(chunk);
    if (group) group.push(write);
    else grouped.set(chunk, [write]);
  }
  return grouped;
}

/** Puts all history files where the server sees them, so that the new timeline gets a number that was never used. */
export async function restoreTimelines(archives: Archive[], folder: string): Promise<void> {
  const walFolder = join(folder, "pg_wal");
  mkdirSync(walFolder, { recursive: true, mode: 0o700 });
  for (const archive of archives) {
    for (const { key } of await archive.list("timelines/")) {
      const path = join(walFolder, key.slice("timelines/".length));
      // The first archive is the one that is restored from.
      if (!existsSync(path)) writeFileSync(path, await archive.read(key), { mode: 0o600 });
    }
  }
}

/**
 * Puts the WAL where the server reads it without asking anybody, which replays two to four times as fast as a `restore_command`.
 *
 * @param untilMs where recovery is to come to a time: WAL behind the segment in which it ends is left in the archive
 * @returns whether WAL was left there.
 */
export async function restoreWal(
  { pieces }: WalCoverage,
  folder: string,
  workers: ChunkWorkers,
  untilMs: number | undefined,
  onProgress: (doneSegments: number, totalSegments: number) => void,
): Promise<boolean> {
  const walFolder = join(folder, "pg_wal");
  let done = 0;
  let wanted = pieces.length;
  const lay = async ({ segment, objects }: WalPiece, index: number): Promise<void> => {
    if (index >= wanted) return;
    const path = join(walFolder, segment);
    const ends = await workers.restoreWal({ path, segmentBytes: walSegmentBytes, objects, untilMs });
    // The record may go on in the next one.
    if (ends) wanted = Math.min(wanted, index + 2);
    onProgress(++done, Math.max(done, wanted));
  };
  await workers.forEach(pieces, lay, segmentsAhead);
  return wanted < pieces.length;
}
