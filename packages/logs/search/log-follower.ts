import { existsSync } from "node:fs";
import type { LogLine } from "../line/log-line.ts";
import { type LogFile, listLogFiles } from "../store/log-files.ts";
import { TailReader } from "../store/tail-file.ts";
import type { LineTest } from "./log-query.ts";
import type { Positions } from "./merged-scan.ts";
import { lineOf, WriterScan } from "./writer-scan.ts";

/** Lines that retention took before they were read. */
export interface LogGap {
  writer: string;
  lines: number;
}

/**
 * Reads what comes after given positions, as often as it is asked: each line once, by its number, whatever happens to the files meanwhile.
 * New lines are read from the tail where they are written; who has fallen behind reads blocks until he has caught up.
 */
export class LogFollower {
  private readonly tails = new Map<string, TailReader>();
  private readonly next: Positions;
  readonly gaps: LogGap[] = [];

  constructor(
    private readonly folder: string,
    private readonly test: LineTest,
    positions: Positions,
  ) {
    this.next = { ...positions };
  }

  get positions(): Positions {
    return { ...this.next };
  }

  /** What has come since the last call, by time as far as it was read at once; empty where nothing has. */
  async read(): Promise<LogLine[]> {
    const files = listLogFiles(this.folder);
    const lines: LogLine[] = [];
    for (const writer of new Set(files.map((file) => file.writer))) {
      if (this.test.wantsWriter(writer)) lines.push(...(await this.readWriter(writer, files)));
    }
    return lines.sort((one, two) => one.atMs - two.atMs);
  }

  async close(): Promise<void> {
    for (const tail of this.tails.values()) await tail.close();
    this.tails.clear();
  }

  private async readWriter(writer: string, files: LogFile[]): Promise<LogLine[]> {
    const followed = this.tails.get(writer);
    if (followed) {
      const isGone = !existsSync(followed.path);
      // After it was found gone: whatever was ever written to it is there.
      const lines = await this.readTail(writer, followed);
      if (isGone) {
        await followed.close();
        this.tails.delete(writer);
      }
      if (lines.length > 0 || !isGone) return lines;
    }
    const own = files.filter((file) => file.writer === writer);
    const position = this.skipGap(writer, own);
    const tailFile = own.findLast(({ kind, first }) => kind === "tail" && first <= position);
    if (!tailFile) return this.readBlocks(writer, position);
    const tail = await TailReader.open(tailFile.path, tailFile.first);
    // It has just become a block.
    if (!tail) return this.readWriter(writer, listLogFiles(this.folder));
    this.tails.set(writer, tail);
    return this.readTail(writer, tail);
  }

  private async readTail(writer: string, tail: TailReader): Promise<LogLine[]> {
    const first = tail.next;
    const position = this.next[writer] ?? 0;
    const records = await tail.read();
    this.next[writer] = Math.max(position, tail.next);
    return records.flatMap((record, at) =>
      first + at >= position && this.test.wants(record) ? [lineOf(writer, first + at, record)] : [],
    );
  }

  /** The lines of one block, the next in which something is wanted. */
  private async readBlocks(writer: string, position: number): Promise<LogLine[]> {
    const scan = await WriterScan.open(this.folder, writer, this.test, "forward", position);
    try {
      for (let lines = await scan.next(); lines; lines = await scan.next()) {
        this.next[writer] = scan.position;
        if (lines.length > 0) return lines;
      }
      // Blocks without anything wanted were passed over.
      this.next[writer] = Math.max(position, scan.end);
      return [];
    } finally {
      await scan.close();
    }
  }

  private skipGap(writer: string, files: LogFile[]): number {
    const position = this.next[writer] ?? 0;
    const oldest = Math.min(...files.map(({ first }) => first));
    if (position >= oldest) return position;
    if (this.next[writer] !== undefined) this.gaps.push({ writer, lines: oldest - position });
    this.next[writer] = oldest;
    return oldest;
  }
}
