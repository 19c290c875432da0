import { type FileHandle, open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder } from "@evenkeel/disk";
import { LogBlockDamagedError } from "../errors.ts";
import type { LogRecord } from "../line/log-line.ts";
import { Block, packBlock } from "./block.ts";
import {
  type BlockPlace,
  readAt,
  readIndex,
  readTrailer,
  type SegmentTrailer,
  walkFrames,
  writeFrame,
  writeIndex,
} from "./segment-format.ts";

/** A segment that is read, sealed or not. */
export class SegmentReader {
  private constructor(
    private readonly file: FileHandle,
    readonly path: string,
    /** Absent: not sealed. */
    readonly trailer: SegmentTrailer | undefined,
  ) {}

  /** Undefined where it is gone. A segment may be sealed, and so renamed, at any moment: its other name is tried. */
  static async open(path: string): Promise<SegmentReader | undefined> {
    for (const name of [path, path.replace(/\.open$/, ".seg")]) {
      try {
        const file = await open(name, "r");
        return new SegmentReader(file, name, await readTrailer(file));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      }
    }
    return undefined;
  }

  async places(): Promise<BlockPlace[]> {
    const indexed = this.trailer && (await readIndex(this.file, this.trailer));
    return indexed ?? (await walkFrames(this.file)).places;
  }

  /** @throws LogBlockDamagedError */
  async block({ head, offset, length, crc }: BlockPlace): Promise<Block> {
    const payload = await readAt(this.file, offset, length);
    if (payload.length !== length || Bun.hash.crc32(payload) !== crc) {
      throw new LogBlockDamagedError(
        `Lines ${head.first} to ${head.first + head.count - 1} of ${this.path} are damaged`,
      );
    }
    return Block.unpack(head, payload);
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

/** The one segment of a writer that blocks are appended to. */
export class OpenSegment {
  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
    readonly places: BlockPlace[],
    private bytes: number,
  ) {}

  static async create(path: string): Promise<OpenSegment> {
    const file = await open(path, "wx+", 0o600);
    syncFolder(dirname(path));
    return new OpenSegment(path, file, [], 0);
  }

  /** Goes on with one that another life of the writer left; what it was writing when it ended is cut off. */
  static async resume(path: string): Promise<OpenSegment> {
    const file = await open(path, "r+");
    const { places, end } = await walkFrames(file);
    // Only the last can be torn: each was with the disk before the next was begun.
    let whole = end;
    const last = places.at(-1);
    if (last && Bun.hash.crc32(await readAt(file, last.offset, last.length)) !== last.crc) {
      places.pop();
      whole = places.length === 0 ? 0 : places.at(-1)!.offset + places.at(-1)!.length;
    }
    await file.truncate(whole);
    return new OpenSegment(path, file, places, whole);
  }

  get sizeBytes(): number {
    return this.bytes;
  }

  get fromMs(): number {
    return this.places[0]?.head.fromMs ?? Number.POSITIVE_INFINITY;
  }

  /** Number of the line after its last one; undefined while it is empty. */
  get end(): number | undefined {
    const last = this.places.at(-1);
    return last && last.head.first + last.head.count;
  }

  /** Whether somebody has removed the file; lines written now would be lost. */
  async isRemoved(): Promise<boolean> {
    return (await this.file.stat()).nlink === 0;
  }

  /** Resolves when the block is with the disk. */
  async append(first: number, records: LogRecord[]): Promise<void> {
    const { head, payload } = await packBlock(first, records);
    const { bytes, place } = writeFrame(head, payload, this.bytes);
    try {
      await writeWhole(this.file, bytes, this.bytes);
      await this.file.datasync();
    } catch (error) {
      // Room for a retry, and no half frame for readers.
      await this.file.truncate(this.bytes).catch(() => {});
      throw error;
    }
    this.places.push(place);
    this.bytes += bytes.length;
  }

  /** Index and trailer, fsync, rename, fsync of the folder: `seg` names nothing that is not whole. */
  async seal(): Promise<void> {
    try {
      if (this.places.length > 0) {
        await writeWhole(this.file, writeIndex(this.places, this.bytes), this.bytes);
        await this.file.sync();
        await rename(this.path, this.path.replace(/\.open$/, ".seg"));
        syncFolder(dirname(this.path));
      }
    } catch (error) {
      await this.file.truncate(this.bytes).catch(() => {});
      throw error;
    }
    await this.file.close();
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

export async function writeWhole(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, offset + written);
    written += bytesWritten;
  }
}
