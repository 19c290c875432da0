import {
  close,
  closeSync,
  existsSync,
  fdatasync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { syncFolder, writeFileDurably } from "@evenkeel/disk";
import { ArchiveOwnerError } from "../errors.ts";
import { type Lsn, lsn, parseSegmentName, segmentName, walSegmentBytes } from "../wal/lsn.ts";

const syncData = promisify(fdatasync);
const closeFile = promisify(close);

interface OpenSegment {
  timeline: number;
  start: Lsn;
  file: number;
  writtenBytes: number;
}

/** The segment that is being received; `durableBytes` of its beginning are on disk. */
export interface SpoolTail {
  timeline: number;
  start: Lsn;
  durableBytes: number;
}

/**
 * WAL as it arrives, on this machine but outside the data directory, until it is in the archive. A complete segment
 * bears its name, the one being received ends in `.partial`; the name changes after its content is on disk. Flat:
 * names are unique over timelines.
 */
export class WalSpool {
  /** Open segments, oldest first; all but the last are complete and wait for `sync`. */
  private open: OpenSegment[] = [];
  private segmentsComplete = true;
  private receivedEnd: Lsn | undefined;
  private durableEnd: Lsn | undefined;

  constructor(readonly folder: string) {
    if (mkdirSync(folder, { recursive: true, mode: 0o700 })) syncFolder(dirname(folder));
  }

  /**
   * Where receiving would go on after a restart, by the files: the first byte of a segment. A kill can leave two partial
   * segments, the older complete but not yet named: it is received again.
   */
  resumePoint(): { timeline: number; start: Lsn } | undefined {
    const names = this.names(/^[0-9A-F]{24}(\.partial)?$/);
    const newest = names.at(-1);
    if (newest === undefined) return undefined;
    const partial = names.find(
      (name) => name.endsWith(".partial") && name.slice(0, 8) === newest.slice(0, 8),
    );
    const { timeline, start } = parseSegmentName((partial ?? newest).slice(0, 24))!;
    return { timeline, start: partial ? start : lsn(start + BigInt(walSegmentBytes)) };
  }

  /** Prepares for WAL of `timeline` from `start`, a segment's first byte. Bytes that are there already are kept. */
  async begin(timeline: number, start: Lsn): Promise<void> {
    await this.sync();
    for (const segment of this.open.splice(0)) await closeFile(segment.file);
    this.receivedEnd = start;
    this.durableEnd = start;
    this.openSegment(timeline, start);
  }

  /** Everything before it has been received. */
  get received(): Lsn | undefined {
    return this.receivedEnd;
  }

  /** Everything before it is on disk. */
  get durable(): Lsn | undefined {
    return this.durableEnd;
  }

  append(start: Lsn, bytes: Buffer): void {
    if (start !== this.receivedEnd) {
      throw new RangeError(`WAL at byte ${start} was received where ${this.receivedEnd} was due`);
    }
    for (let taken = 0; taken < bytes.length; ) {
      let segment = this.open.at(-1)!;
      if (segment.writtenBytes === walSegmentBytes) {
        segment = this.openSegment(segment.timeline, lsn(segment.start + BigInt(walSegmentBytes)));
      }
      const part = bytes.subarray(taken, taken + walSegmentBytes - segment.writtenBytes);
      const written = writeSync(segment.file, part, 0, part.length, segment.writtenBytes);
      segment.writtenBytes += written;
      taken += written;
      this.receivedEnd = lsn(this.receivedEnd + BigInt(written));
    }
  }

  /** Makes all that was appended before the call durable, and gives complete segments their names. One call at a time. */
  async sync(): Promise<void> {
    const upTo = this.receivedEnd;
    // What becomes complete while we wait for the disk is not all on it yet.
    const segments = this.open.map((segment) => ({
      segment,
      complete: segment.writtenBytes === walSegmentBytes,
    }));
    for (const { segment, complete } of segments) {
      await syncData(segment.file);
      if (!complete) continue;
      if (segment === this.open.at(-1)) {
        this.openSegment(segment.timeline, lsn(segment.start + BigInt(walSegmentBytes)));
      }
      this.name(segment);
      this.open.shift();
      await closeFile(segment.file);
    }
    this.durableEnd = upTo;
  }

  tail(): SpoolTail | undefined {
    const segment = this.open.at(-1);
    if (!segment || this.durableEnd === undefined) return undefined;
    const durableBytes = Number(this.durableEnd - segment.start);
    return durableBytes > 0 ? { timeline: segment.timeline, start: segment.start, durableBytes } : undefined;
  }

  /** Names of segments that can be shipped, oldest first. */
  completeSegments(): string[] {
    const names = this.names(/^[0-9A-F]{24}$/);
    this.segmentsComplete = names.length > 0;
    return names;
  }

  /** Whether `completeSegments` may have some; cheap enough to ask at each commit. */
  get hasComplete(): boolean {
    return this.segmentsComplete;
  }

  /** System identifier of the cluster whose WAL it holds. */
  owner(): string | undefined {
    const path = join(this.folder, "owner");
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  }

  /** Makes the spool that of one cluster. @throws ArchiveOwnerError if it is another's. */
  claim(systemId: string): void {
    const owner = this.owner();
    if (owner === systemId) return;
    if (owner === undefined) {
      writeFileDurably(join(this.folder, "owner"), systemId, 0o600);
      return;
    }
    throw new ArchiveOwnerError(
      `The spool ${this.folder} holds WAL of the cluster with system identifier ${owner}, not ${systemId}`,
      { hint: "Give each cluster a spool of its own; one that is in its archive may be removed." },
    );
  }

  /** Partial segments that nothing is received into: of timelines that were left, or from before a restart. */
  idlePartials(): string[] {
    const receiving = this.open.map(({ timeline, start }) => partialName(timeline, start));
    return this.names(/\.partial$/).filter((name) => !receiving.includes(name));
  }

  /** Whether something is received now, so that idle partial segments will never be continued. */
  get receiving(): boolean {
    return this.open.length > 0;
  }

  histories(): string[] {
    return this.names(/\.history$/);
  }

  addHistory(name: string, text: string): void {
    writeFileDurably(join(this.folder, name), text, 0o600);
  }

  read(name: string): Buffer {
    return readFileSync(join(this.folder, name));
  }

  readTail(tail: SpoolTail, fromByte: number): Buffer {
    const file = openSync(join(this.folder, partialName(tail.timeline, tail.start)), "r");
    try {
      const bytes = Buffer.alloc(tail.durableBytes - fromByte);
      let read = 0;
      while (read < bytes.length) {
        const count = readSync(file, bytes, read, bytes.length - read, fromByte + read);
        if (count === 0) throw new RangeError(`${file} ends before its durable length`);
        read += count;
      }
      return bytes;
    } finally {
      closeSync(file);
    }
  }

  remove(name: string): void {
    rmSync(join(this.folder, name), { force: true });
  }

  /** Of what waits to be shipped. */
  sizeBytes(): number {
    return this.completeSegments().length * walSegmentBytes;
  }

  async close(): Promise<void> {
    await this.sync();
    for (const segment of this.open.splice(0)) await closeFile(segment.file);
  }

  private openSegment(timeline: number, start: Lsn): OpenSegment {
    const path = join(this.folder, partialName(timeline, start));
    const file = openSync(path, statSync(path, { throwIfNoEntry: false }) ? "r+" : "w", 0o600);
    const segment = { timeline, start, file, writtenBytes: 0 };
    this.open.push(segment);
    return segment;
  }

  private name({ timeline, start }: OpenSegment): void {
    const partial = join(this.folder, partialName(timeline, start));
    renameSync(partial, join(this.folder, basename(partial, ".partial")));
    syncFolder(this.folder);
    this.segmentsComplete = true;
  }

  private names(pattern: RegExp): string[] {
    return readdirSync(this.folder)
      .filter((name) => pattern.test(name))
      .sort();
  }
}

const partialName = (timeline: number, start: Lsn): string => `${segmentName(timeline, start)}.partial`;
