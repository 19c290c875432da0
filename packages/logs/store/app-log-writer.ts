import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { syncFolder } from "@evenkeel/disk";
import { logLevels } from "../line/log-level.ts";
import type { LogRecord, LogSource } from "../line/log-line.ts";
import { listLogFiles, logFileName } from "./log-files.ts";
import { OpenSegment, SegmentReader } from "./segment-file.ts";
import { TailFile } from "./tail-file.ts";

export interface WriterLimits {
  /** A block is packed when it has this many lines, default 4,000 … */
  blockLines: number;
  /** … or this much text, default 1 MiB. */
  blockBytes: number;
  /** A segment is sealed when it is this large, default 32 MiB … */
  segmentBytes: number;
  /** … or its first line this old, so that it can be removed at its age; default a day. */
  segmentAgeMs: number;
  /** Lines that wait for a slow disk; more are dropped and counted. Default 64 MiB of text. */
  queueBytes: number;
}

export const usualWriterLimits: WriterLimits = {
  blockLines: 4_000,
  blockBytes: 1024 * 1024,
  segmentBytes: 32 * 1024 * 1024,
  segmentAgeMs: 24 * 3_600_000,
  queueBytes: 64 * 1024 * 1024,
};

/** Lines are gathered this long: one write for all, and who follows sees them promptly. */
const gatherMs = 50;
/** What a loss of power can take at most; a process that is killed loses what was not gathered yet. */
const syncEveryMs = 1_000;
/** After a write that failed; lines wait in the queue meanwhile. */
const retryAfterMs = 500;
/** A clock that was set back by more begins a new block, since times within one never fall. */
const clockSlackMs = 1_000;

export interface WriterEvents {
  /** A segment was sealed; the folder may exceed its budget now. */
  sealed?: () => void;
  /** Makes room on a full disk; false where nothing is left that could go. */
  diskFull?: () => boolean;
  /** Lines are on their way to readers. */
  written?: () => void;
  /** Lines that the disk was too slow for. */
  dropped?: (lines: number) => void;
}

/**
 * Writes the lines of one app on behalf of one process: `append` never waits, everything else happens behind it, one thing at a time.
 *
 * gathered (50 ms) → tail (with the file system; within a second with the disk) → block → segment → sealed segment.
 *
 * A crash at any moment loses at most what was being gathered, and of a machine what its disk had not been given: a block is with the disk
 * before its tail is removed, and a tail whose lines stand in a block is not read twice, since lines have numbers.
 */
export class AppLogWriter {
  private queue: LogRecord[] = [];
  private queuedBytes = 0;
  private droppedLines = 0;
  private lostLines = 0;
  private lastLossMessage = "";
  private working: Promise<void> | undefined;
  private syncTimer: ReturnType<typeof setTimeout> | undefined;
  private isDirty = false;
  private syncedAtMs = 0;
  private tail: TailFile | undefined;
  private segment: OpenSegment | undefined;
  private isRecovered = false;
  private next = 1;
  private lastMs = 0;
  private usedAtMs = Date.now();
  private readonly ownSource: LogSource = { stream: "platform" };

  constructor(
    private readonly folder: string,
    /** Letters; one process at a time has it. */
    private readonly writer: string,
    private readonly limits: WriterLimits = usualWriterLimits,
    private readonly events: WriterEvents = {},
  ) {}

  /** Milliseconds since the last line. */
  get idleMs(): number {
    return Date.now() - this.usedAtMs;
  }

  get isOpen(): boolean {
    return this.isRecovered;
  }

  append(record: LogRecord): void {
    const bytes = record.text.length + record.fields.length;
    if (this.queuedBytes + bytes > this.limits.queueBytes) {
      this.droppedLines++;
      this.events.dropped?.(1);
      return;
    }
    this.queue.push(record);
    this.queuedBytes += bytes;
    this.working ??= this.work(gatherMs);
  }

  /** Resolves when everything appended before can be read. */
  async flush(): Promise<void> {
    while (this.working) await this.working.catch(() => {});
  }

  /** Everything is with the disk afterwards; the next `append` opens the files again. */
  async close(): Promise<void> {
    await this.flush();
    await this.alone(async () => {
      clearTimeout(this.syncTimer);
      this.syncTimer = undefined;
      await this.sync();
      await this.letGo();
    });
  }

  /** Seals what has become old. */
  async settle(nowMs = Date.now()): Promise<void> {
    await this.flush();
    await this.alone(async () => {
      await this.recover();
      const oldest = Math.min(
        this.segment?.fromMs ?? Number.POSITIVE_INFINITY,
        this.tail?.records[0]?.atMs ?? Number.POSITIVE_INFINITY,
      );
      if (nowMs - oldest < this.limits.segmentAgeMs) return;
      await this.pack();
      await this.seal();
    });
  }

  private async alone(task: () => Promise<void>): Promise<void> {
    while (this.working) await this.working.catch(() => {});
    this.working = task().finally(() => {
      this.working = this.queue.length > 0 ? this.work(0) : undefined;
    });
    await this.working;
  }

  private async work(delayMs: number): Promise<void> {
    await Bun.sleep(delayMs);
    while (this.queue.length > 0) {
      const { droppedLines, lostLines } = this;
      const records = this.takeQueue();
      try {
        await this.write(records);
        this.events.written?.();
      } catch (error) {
        this.droppedLines += droppedLines;
        this.lostLines += lostLines;
        await this.lose(records, error as Error);
      }
    }
    this.usedAtMs = Date.now();
    this.working = undefined;
  }

  private takeQueue(): LogRecord[] {
    const records = this.queue;
    this.queue = [];
    this.queuedBytes = 0;
    const say = (text: string) =>
      records.push({
        atMs: Date.now(),
        level: logLevels.indexOf("warn"),
        source: this.ownSource,
        requestId: "",
        text,
        fields: "",
      });
    if (this.droppedLines > 0) say(`${this.droppedLines} lines were dropped: the disk was too slow`);
    if (this.lostLines > 0) say(`${this.lostLines} lines were lost: ${this.lastLossMessage}`);
    this.droppedLines = 0;
    this.lostLines = 0;
    return records;
  }

  private async write(records: LogRecord[]): Promise<void> {
    await this.recover();
    for (let begin = 0; begin < records.length; ) {
      const { blockLines, blockBytes } = this.limits;
      const firstMs = records[begin]!.atMs;
      if (firstMs < this.lastMs - clockSlackMs) {
        await this.pack();
        this.lastMs = firstMs;
      }
      // A life before may have ended between filling it and packing it.
      if (this.isTailFull) await this.pack();
      this.tail ??= await TailFile.create(this.path(this.next, "tail"), this.next);
      let end = begin;
      let room = blockBytes - this.tail.rawBytes;
      const most = Math.min(records.length, begin + blockLines - this.tail.records.length);
      for (; end < most && room > 0; end++) {
        const record = records[end]!;
        if (record.atMs < this.lastMs - clockSlackMs) break;
        this.lastMs = Math.max(this.lastMs, record.atMs);
        record.atMs = this.lastMs;
        room -= record.text.length + record.fields.length;
      }
      const part = records.slice(begin, end);
      const { tail } = this;
      await this.withRoom(() => tail.append(part));
      this.next = tail.end;
      begin = end;
      this.isDirty = true;
      if (this.isTailFull) await this.pack();
    }
    // While lines come without a pause nobody else gets a turn.
    if (performance.now() - this.syncedAtMs > syncEveryMs) await this.sync();
    if (this.isDirty) this.syncTimer ??= setTimeout(() => void this.syncSoon(), syncEveryMs);
  }

  private get isTailFull(): boolean {
    const { blockLines, blockBytes } = this.limits;
    return (
      this.tail !== undefined && (this.tail.records.length >= blockLines || this.tail.rawBytes >= blockBytes)
    );
  }

  /** The tail becomes a block: with the disk before the tail is removed. */
  private async pack(): Promise<void> {
    const { tail } = this;
    if (!tail || tail.records.length === 0) return;
    const segment =
      this.segment ?? (await this.withRoom(() => OpenSegment.create(this.path(tail.first, "open"))));
    this.segment = segment;
    await this.withRoom(() => segment.append(tail.first, tail.records));
    this.tail = undefined;
    this.isDirty = false;
    await tail.close();
    rmSync(tail.path, { force: true });
    if (segment.sizeBytes >= this.limits.segmentBytes) await this.seal();
  }

  private async seal(): Promise<void> {
    const { segment } = this;
    if (!segment) return;
    await this.withRoom(() => segment.seal());
    this.segment = undefined;
    this.events.sealed?.();
  }

  /** Takes up what the life before left, or begins anew where the folder was removed meanwhile. */
  private async recover(): Promise<void> {
    if (this.isRecovered) {
      if (!(await this.isRemoved())) return;
      await this.letGo();
    }
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const files = listLogFiles(this.folder).filter(({ writer }) => writer === this.writer);
    for (const { path, first, kind } of files) {
      if (kind !== "open") continue;
      await this.seal();
      const segment = await OpenSegment.resume(path);
      if (segment.places.length === 0) {
        await segment.close();
        rmSync(path);
      } else {
        this.segment = segment;
        this.next = Math.max(this.next, segment.end ?? first);
        this.lastMs = segment.places.at(-1)!.head.toMs;
      }
    }
    const lastSealed = files.findLast(({ kind }) => kind === "seg");
    if (lastSealed) this.next = Math.max(this.next, await endOfSegment(lastSealed.path, lastSealed.first));
    for (const { path, first, kind } of files) {
      if (kind !== "tail") continue;
      // Its lines became a block, and the process ended before it could say so.
      if (first < this.next) {
        rmSync(path, { force: true });
        continue;
      }
      await this.pack();
      this.tail = await TailFile.resume(path, first);
      this.next = this.tail.end;
      this.lastMs = this.tail.records.at(-1)?.atMs ?? this.lastMs;
    }
    syncFolder(this.folder);
    this.isRecovered = true;
  }

  private async isRemoved(): Promise<boolean> {
    if (this.tail && (await this.tail.isRemoved())) return true;
    return this.segment !== undefined && (await this.segment.isRemoved());
  }

  private async letGo(): Promise<void> {
    await this.tail?.close().catch(() => {});
    await this.segment?.close().catch(() => {});
    this.tail = undefined;
    this.segment = undefined;
    this.isRecovered = false;
    this.isDirty = false;
  }

  private syncSoon(): Promise<void> {
    return this.alone(async () => {
      this.syncTimer = undefined;
      await this.sync();
    }).catch(() => {});
  }

  private async sync(): Promise<void> {
    if (!this.isDirty) return;
    this.isDirty = false;
    this.syncedAtMs = performance.now();
    await this.tail?.sync();
  }

  /** On a full disk the oldest lines go, for as long as there are any. */
  private async withRoom<Result>(write: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await write();
      } catch (error) {
        const full = ["ENOSPC", "EDQUOT"].includes((error as NodeJS.ErrnoException).code ?? "");
        if (!full || !this.events.diskFull?.()) throw error;
      }
    }
  }

  private async lose(records: LogRecord[], error: Error): Promise<void> {
    const kept = new Set(this.tail?.records);
    this.lostLines += records.filter(
      (record) => !kept.has(record) && record.source !== this.ownSource,
    ).length;
    this.lastLossMessage =
      (error as NodeJS.ErrnoException).code === "ENOSPC" ? "the disk is full" : error.message;
    console.error(`Lines of ${this.folder} were lost: ${error.message}`);
    await this.letGo();
    await Bun.sleep(retryAfterMs);
  }

  private path(first: number, kind: "tail" | "open"): string {
    return join(this.folder, logFileName(this.writer, first, kind));
  }
}

async function endOfSegment(path: string, first: number): Promise<number> {
  const segment = await SegmentReader.open(path);
  if (!segment) return first;
  const last = (await segment.places()).at(-1);
  await segment.close();
  return last ? last.head.first + last.head.count : first;
}
