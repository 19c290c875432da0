import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { HomeLayout } from "@evenkeel/model";
import type { Archive } from "../archive/archive.ts";
import { chunkObject } from "../backup/backup-manifest.ts";
import { chunkName } from "../backup/chunk-name.ts";
import {
  expiredSnapshots,
  type FileSnapshot,
  listSnapshots,
  readNewestSnapshot,
  type SnapshotFile,
  snapshotName,
} from "./file-snapshot.ts";
import { HomeFileList, namesItsContent } from "./home-files.ts";

/** Of a file's content; only the last chunk of a file is shorter. */
export const chunkBytes = 1024 * 1024;
/** Files that are stored at once: an archive far away answers slowly. */
const lanes = 8;
const expireEveryMs = 86_400_000;
/** A file that goes away while it is copied begins the copy anew: a sweep, or git packing its objects. */
const attempts = 5;

/**
 * Copies the platform's files into the archive whenever they have changed. Content is stored once, in chunks named by its keyed hash; the list of
 * files comes last, so that a copy that was interrupted does not exist.
 */
export class FileCopier {
  private readonly list: HomeFileList;
  /** Of the newest copy, by path. */
  private known: Map<string, SnapshotFile> | undefined;
  private copiedFingerprint: string | undefined;
  private expiredMs = 0;
  /** Of the last list that this copier wrote. */
  private lastMs: number | undefined;
  /** When the newest copy that is whole was begun. */
  copiedAtMs: number | undefined;

  constructor(
    private readonly layout: HomeLayout,
    private readonly archive: Archive,
    { withBuckets }: { withBuckets: boolean } = { withBuckets: true },
  ) {
    this.list = new HomeFileList(layout, withBuckets);
  }

  /** Copies if anything has changed. @throws ArchiveUnavailableError and others; the next call begins anew */
  async copyIfChanged(): Promise<void> {
    const fingerprint = this.list.fingerprint();
    if (fingerprint === this.copiedFingerprint) {
      // Nothing to copy: the copy is as of now.
      this.copiedAtMs = Date.now();
      return;
    }
    const takenMs = await this.copy();
    this.copiedFingerprint = fingerprint;
    this.copiedAtMs = takenMs;
    if (Date.now() - this.expiredMs < expireEveryMs) return;
    await this.expire();
    this.expiredMs = Date.now();
  }

  private async copy(): Promise<number> {
    this.known ??= new Map(
      (await readNewestSnapshot(this.archive))?.files.map((file) => [file.path, file]) ?? [],
    );
    for (let attempt = 1; ; attempt++) {
      const takenMs = Date.now();
      try {
        const files = [...(await this.store(this.list.naming())), ...(await this.store(this.list.named()))];
        await this.archive.target.flush();
        const snapshot: FileSnapshot = { formatVersion: 1, takenMs, files };
        await this.archive.create(snapshotName(takenMs), Buffer.from(JSON.stringify(snapshot)));
        await this.removeSuperseded(takenMs);
        this.known = new Map(files.map((file) => [file.path, file]));
        return takenMs;
      } catch (error) {
        if (attempt === attempts || (error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      }
    }
  }

  /** A platform that changes all the time would fill the archive with lists before the next expiry. */
  private async removeSuperseded(takenMs: number): Promise<void> {
    if (this.lastMs !== undefined) {
      const names = [this.lastMs, takenMs].map(snapshotName);
      for (const name of expiredSnapshots(names, takenMs)) await this.archive.delete(name);
    }
    this.lastMs = takenMs;
  }

  private async store(paths: string[]): Promise<SnapshotFile[]> {
    const files: SnapshotFile[] = new Array(paths.length);
    let next = 0;
    const lane = async () => {
      while (next < paths.length) {
        const index = next++;
        files[index] = await this.storeFile(paths[index]!);
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    return files;
  }

  private async storeFile(path: string): Promise<SnapshotFile> {
    const known = this.known!.get(path);
    if (known && namesItsContent(path)) return known;
    const file = openSync(join(this.layout.home, path), "r");
    try {
      const { size, mtimeMs, mode } = fstatSync(file);
      if (known && known.sizeBytes === size && known.modifiedMs === mtimeMs) return known;
      const chunks: string[] = [];
      let sizeBytes = 0;
      for (;;) {
        const content = readChunk(file, sizeBytes);
        if (content.length > 0) chunks.push(await this.storeChunk(content));
        sizeBytes += content.length;
        if (content.length < chunkBytes) break;
      }
      return { path, mode: mode & 0o777, sizeBytes, modifiedMs: mtimeMs, chunks };
    } finally {
      closeSync(file);
    }
  }

  private async storeChunk(content: Buffer): Promise<string> {
    const name = chunkName(this.archive.key, content);
    await this.archive.keep(chunkObject(name), content);
    return name;
  }

  /** Lists go first: what a crash leaves then is content that nobody names. */
  private async expire(): Promise<void> {
    const { archive } = this;
    const names = await listSnapshots(archive);
    const expired = new Set(expiredSnapshots(names, Date.now()));
    const needed = new Set<string>();
    for (const name of names.filter((candidate) => !expired.has(candidate))) {
      const { files } = await archive.readJson<FileSnapshot>(name);
      for (const { chunks } of files) for (const chunk of chunks) needed.add(chunkObject(chunk));
    }
    for (const name of expired) await archive.delete(name);
    for (const { key } of await archive.list("chunks/")) if (!needed.has(key)) await archive.delete(key);
    await archive.target.sweep();
  }
}

function readChunk(file: number, position: number): Buffer {
  const bytes = Buffer.alloc(chunkBytes);
  let read = 0;
  while (read < bytes.length) {
    const count = readSync(file, bytes, read, bytes.length - read, position + read);
    if (count === 0) break;
    read += count;
  }
  return bytes.subarray(0, read);
}
