import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ImageType } from "./image-type.ts";

/** An image as it is sent. */
export interface CachedImage {
  type: ImageType;
  /** Strong, with its quotes. */
  etag: string;
  /** Last part of the source's path, for `content-disposition`; may be empty. */
  name: string;
  /** Milliseconds since 1970; later it is stale, and still served while it is made anew. */
  freshUntilMs: number;
  bytes: Uint8Array;
}

type Head = Omit<CachedImage, "bytes"> & { sizeBytes: number };

/** The bytes of a file: length of the head (4 bytes, big endian), the head as JSON, the image. */
const lengthBytes = 4;
const headLimitBytes = 16 * 1024;
/** A file's time of change stands for its last use, written at most this often. */
const touchIntervalMs = 60 * 60 * 1000;

/**
 * Optimised images in a folder that several edges share. An image is written beside its place and renamed, so a reader sees a whole one or none; one
 * that is damaged or was cut by a loss of power is no image. What was not used longest goes when the folder has grown over its budget.
 */
export class ImageCache {
  private writtenBytes: number;

  /**
   * @param budgetBytes default 1 GiB.
   * @param nowMs for tests.
   */
  constructor(
    private readonly folder: string,
    private readonly budgetBytes = 1024 ** 3,
    private readonly nowMs: () => number = Date.now,
  ) {
    // The first image measures the folder.
    this.writtenBytes = budgetBytes;
  }

  async read(key: string): Promise<CachedImage | undefined> {
    const path = this.path(key);
    const file = await readFile(path).catch(() => undefined);
    const image = file && decode(file);
    if (image) void this.touch(path);
    return image;
  }

  /** Never throws: an image that cannot be kept can be made again. */
  async write(key: string, image: CachedImage): Promise<void> {
    const path = this.path(key);
    const temporary = `${path}.tmp-${process.pid}-${randomBytes(4).toString("hex")}`;
    try {
      await mkdir(join(path, ".."), { recursive: true });
      const file = encode(image);
      await writeFile(temporary, file);
      await rename(temporary, path);
      this.writtenBytes += file.length;
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
      return;
    }
    // Looked at again after each tenth of the budget; other edges write too, so only the folder itself knows.
    if (this.writtenBytes >= this.budgetBytes / 10) {
      this.writtenBytes = 0;
      await this.trim();
    }
  }

  private path = (key: string): string => join(this.folder, key.slice(0, 2), key);

  private async touch(path: string): Promise<void> {
    const now = this.nowMs();
    const changed = await stat(path).catch(() => undefined);
    if (changed && now - changed.mtimeMs > touchIntervalMs) {
      await utimes(path, now / 1_000, now / 1_000).catch(() => undefined);
    }
  }

  /** Another edge may do the same at the same time: what is gone already is no fault. */
  private async trim(): Promise<void> {
    const files: { path: string; sizeBytes: number; usedMs: number }[] = [];
    for (const entry of await readdir(this.folder, { recursive: true, withFileTypes: true }).catch(
      () => [],
    )) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const found = await stat(path).catch(() => undefined);
      if (found) files.push({ path, sizeBytes: found.size, usedMs: found.mtimeMs });
    }
    let total = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    for (const file of files.sort((a, b) => a.usedMs - b.usedMs)) {
      const abandoned = file.path.includes(".tmp-") && this.nowMs() - file.usedMs > touchIntervalMs;
      if (total <= this.budgetBytes && !abandoned) continue;
      await rm(file.path, { force: true }).catch(() => undefined);
      total -= file.sizeBytes;
    }
  }
}

function encode({ bytes, ...rest }: CachedImage): Buffer {
  const head: Head = { ...rest, sizeBytes: bytes.length };
  const json = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32BE(json.length);
  return Buffer.concat([length, json, bytes]);
}

function decode(file: Buffer): CachedImage | undefined {
  if (file.length < lengthBytes) return undefined;
  const bodyStart = lengthBytes + file.readUInt32BE();
  if (bodyStart > headLimitBytes || bodyStart > file.length) return undefined;
  try {
    const { sizeBytes, ...head } = JSON.parse(file.toString("utf8", lengthBytes, bodyStart)) as Head;
    const bytes = file.subarray(bodyStart);
    return bytes.length === sizeBytes ? { ...head, bytes } : undefined;
  } catch {
    return undefined;
  }
}
