import { createHash } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { syncFolder } from "@evenkeel/disk";
import type { HomeLayout } from "@evenkeel/model";
import { randomId } from "@evenkeel/model";
import { BucketRestoreError } from "../errors.ts";
import { type ChecksumAlgorithm, startChecksum } from "../protocol/checksums.ts";
import { refusals } from "../protocol/refusals.ts";
import { type BucketRecord, bucketFolder } from "./bucket-record.ts";
import { ObjectDatabase, type ObjectFacts, type ObjectVersion } from "./object-database.ts";
import { ObjectFiles, type StoredFile } from "./object-files.ts";

/** What was overwritten or deleted stays this long, as databases can be set back this far. */
export const keptMs = 7 * 86_400_000;
/** A file that no version names may be of a request under way. */
const strayAfterMs = 3_600_000;

/** `x-amz-…` and HTTP's own conditions on what is there now. */
export interface Condition {
  ifMatch?: string | undefined;
  /** `*`: there must be nothing. */
  ifNoneMatch?: string | undefined;
}

export interface Received extends StoredFile {
  /** MD5, hex: S3's ETag of a whole object. */
  etag: string;
  checksum: string | undefined;
}

/** One app environment's objects: their files and what is known of them. Whatever a call has returned from is on disk. */
export class Bucket {
  readonly objects: ObjectDatabase;
  readonly files: ObjectFiles;

  private readonly copyPath: string;
  private copiedChanges: number | undefined;

  constructor(
    layout: HomeLayout,
    readonly record: BucketRecord,
    private readonly now: () => number = Date.now,
  ) {
    const folder = bucketFolder(layout, record);
    const path = join(folder, "objects.sqlite");
    this.copyPath = join(folder, "objects.copy");
    // On a platform that was made anew from its backups, the copy is all there is.
    if (!existsSync(path) && existsSync(this.copyPath)) {
      copyFileSync(this.copyPath, `${path}.tmp`);
      renameSync(`${path}.tmp`, path);
      syncFolder(folder);
    }
    this.files = new ObjectFiles(folder);
    this.objects = new ObjectDatabase(path);
  }

  /** Brings `objects.copy` up to date, which backups take with the files: the database itself changes under a reader. */
  saveCopy(): void {
    const changes = this.objects.changes;
    if (changes === this.copiedChanges && existsSync(this.copyPath)) return;
    const temporary = `${this.copyPath}.tmp-${process.pid}`;
    rmSync(temporary, { force: true });
    this.objects.copyTo(temporary);
    syncFile(temporary);
    renameSync(temporary, this.copyPath);
    syncFolder(dirname(this.copyPath));
    this.copiedChanges = changes;
  }

  /** Keeps a body. @param algorithm of a checksum beside the ETag's MD5 */
  async receive(
    body: AsyncIterable<Uint8Array>,
    algorithm: ChecksumAlgorithm | undefined,
  ): Promise<Received> {
    const md5 = createHash("md5");
    const running = algorithm && startChecksum(algorithm);
    async function* watched(): AsyncGenerator<Uint8Array> {
      for await (const bytes of body) {
        md5.update(bytes);
        running?.update(bytes);
        yield bytes;
      }
    }
    const stored = await this.files.write(watched());
    return { ...stored, etag: md5.digest("hex"), checksum: running?.base64() };
  }

  /** Makes files an object; they are removed when it is refused. @throws BlobRequestError 412 */
  put(
    key: string,
    facts: ObjectFacts,
    files: readonly StoredFile[],
    condition: Condition = {},
  ): ObjectVersion {
    return this.objects.transaction(() => {
      this.require(key, condition);
      return this.objects.put(key, facts, files, this.now());
    });
  }

  /** @throws BlobRequestError 404 */
  get(key: string): ObjectVersion {
    const found = this.objects.get(key);
    if (!found) throw refusals.noSuchKey();
    return found;
  }

  /** Nothing happens where there is nothing. */
  remove(keys: readonly string[], condition: Condition = {}): void {
    this.objects.transaction(() => {
      for (const key of keys) {
        if (condition.ifMatch !== undefined) this.require(key, condition);
        this.objects.end(key, this.now());
      }
    });
  }

  private require(key: string, { ifMatch, ifNoneMatch }: Condition): void {
    if (ifMatch === undefined && ifNoneMatch === undefined) return;
    const there = this.objects.get(key);
    if (ifNoneMatch === "*" && there) throw refusals.preconditionFailed();
    if (ifMatch === undefined) return;
    if (!there) throw refusals.noSuchKey();
    if (ifMatch !== "*" && ifMatch.replaceAll('"', "") !== there.etag) throw refusals.preconditionFailed();
  }

  /**
   * Sets all objects back to what they were at a moment, in one step. What they are now stays for as long as everything does, so this can be
   * undone in the same way.
   *
   * @returns how many objects came back or went
   * @throws BucketRestoreError
   */
  restore(toMs: number): { restored: number; removed: number } {
    const nowMs = this.now();
    const earliestMs = Math.max(this.record.createdAtMs, nowMs - keptMs);
    if (toMs > nowMs || toMs < earliestMs) {
      throw new BucketRestoreError(`The bucket cannot be set back to ${new Date(toMs).toISOString()}`, {
        hint: `Name a time from ${new Date(earliestMs).toISOString()} to ${new Date(nowMs).toISOString()}.`,
      });
    }
    const { sqlite } = this.objects;
    return this.objects.transaction(() => {
      const removed = sqlite
        .query("UPDATE versions SET ended_ms = ?1 WHERE ended_ms IS NULL AND created_ms > ?2")
        .run(nowMs, toMs).changes;
      const back = sqlite
        .query<{ version: number; key: string; size: number; facts: string }, [number]>(
          "SELECT version, key, size, facts FROM versions WHERE created_ms <= ?1 AND ended_ms > ?1",
        )
        .all(toMs);
      for (const { version, key, facts } of back) {
        const files = sqlite
          .query<StoredFile, [number]>(
            "SELECT file, size FROM version_files WHERE version = ? ORDER BY position",
          )
          .all(version);
        this.objects.put(key, JSON.parse(facts), files, nowMs);
      }
      return { restored: back.length, removed };
    });
  }

  /** Forgets what was kept long enough, and removes files that nothing names. @returns how many files */
  sweep(): number {
    const nowMs = this.now();
    const { sqlite } = this.objects;
    this.objects.transaction(() => {
      sqlite.query("DELETE FROM versions WHERE ended_ms < ?").run(nowMs - keptMs);
      sqlite.query("DELETE FROM uploads WHERE created_ms < ?").run(nowMs - keptMs);
    });
    const named = sqlite.query<{ named: number }, [string]>(
      "SELECT EXISTS (SELECT 1 FROM version_files WHERE file = ?1) OR EXISTS (SELECT 1 FROM parts WHERE file = ?1) AS named",
    );
    let removed = 0;
    for (const { file, path } of this.files.list()) {
      if (named.get(file)!.named) continue;
      if (nowMs - statSync(path).mtimeMs < strayAfterMs) continue;
      this.files.remove(file);
      removed++;
    }
    return removed;
  }

  close(): void {
    this.objects.close();
  }
}

export const newUploadId = (): string => randomId(32);

function syncFile(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
