import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { HomeLayout } from "@evenkeel/model";
import type { Archive } from "../archive/archive.ts";
import type { ArchiveKey } from "../archive/archive-key.ts";
import { syncFileSystem } from "../archive/sync-file-system.ts";
import { chunkObject } from "../backup/backup-manifest.ts";
import { chunkName } from "../backup/chunk-name.ts";
import { RebuildError } from "../errors.ts";
import { chunkBytes } from "./file-copier.ts";
import type { FileSnapshot, SnapshotFile } from "./file-snapshot.ts";

/** Files at once: an archive far away answers slowly. */
const lanes = 8;

/** Lays a copy of the platform's files out in its data directory, durably; files that are there already are left. */
export async function restoreHomeFiles(
  layout: HomeLayout,
  archive: Archive,
  { files }: FileSnapshot,
  onProgress: (fraction: number) => void = () => {},
): Promise<void> {
  const totalBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  let doneBytes = 0;
  let next = 0;
  const lane = async () => {
    while (next < files.length) {
      const file = files[next++]!;
      await restoreFile(layout, archive, file);
      doneBytes += file.sizeBytes;
      onProgress(totalBytes === 0 ? 1 : doneBytes / totalBytes);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  for (const { path } of files)
    if (/^git\/[^/]+\/HEAD$/.test(path)) completeRepository(layout, dirname(path));
  syncFileSystem(layout.home);
}

async function restoreFile(layout: HomeLayout, archive: Archive, file: SnapshotFile): Promise<void> {
  const path = join(layout.home, file.path);
  if (file.path.startsWith("/") || file.path.split("/").includes("..")) {
    throw new RebuildError(`The archive names the file ${file.path}, which is outside the data directory`);
  }
  if (isThere(path, archive.key, file)) return;
  makeFolders(layout, dirname(file.path));
  const parts: Uint8Array[] = [];
  for (const chunk of file.chunks) parts.push(await archive.read(chunkObject(chunk)));
  const temporary = `${path}.tmp-rebuild`;
  writeFileSync(temporary, Buffer.concat(parts), { mode: file.mode });
  chmodSync(temporary, file.mode);
  renameSync(temporary, path);
}

/** From an attempt that was interrupted; a loss of power may have left less than was written. */
function isThere(path: string, key: ArchiveKey, file: SnapshotFile): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.size !== file.sizeBytes) return false;
  const content = readFileSync(path);
  return file.chunks.every(
    (chunk, index) =>
      chunkName(key, content.subarray(index * chunkBytes, (index + 1) * chunkBytes)) === chunk,
  );
}

/** As the platform makes them: keys and repositories are nobody else's, servers' accounts pass through the rest. */
function makeFolders(layout: HomeLayout, folder: string): void {
  const [top = ""] = folder.split("/");
  const closed = [layout.keys, layout.git].includes(join(layout.home, top));
  mkdirSync(join(layout.home, folder), { recursive: true, mode: closed ? 0o700 : 0o755 });
}

/** git takes a folder without these for no repository; packed, they are empty, and a copy holds only files. */
function completeRepository(layout: HomeLayout, repository: string): void {
  makeFolders(layout, join(repository, "refs"));
  makeFolders(layout, join(repository, "objects"));
}
