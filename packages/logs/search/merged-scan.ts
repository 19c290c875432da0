import { setImmediate as nextTurn } from "node:timers/promises";
import type { LogLine } from "../line/log-line.ts";
import { listLogFiles } from "../store/log-files.ts";
import type { LineTest } from "./log-query.ts";
import { numberOf, WriterScan } from "./writer-scan.ts";

/** By writer: the number that everything not yet read is below (going back), or of the next line (forward). */
export type Positions = Record<string, number>;

interface Entry {
  scan: WriterScan;
  /** Read and not yet given; the next one is the last. */
  waiting: LogLine[];
  boundMs: number | undefined;
}

/** The lines of all writers of an app that a query wants, by their time. */
export class MergedScan {
  private constructor(
    private readonly entries: Entry[],
    private readonly direction: "back" | "forward",
  ) {}

  static async open(
    folder: string,
    test: LineTest,
    direction: "back" | "forward",
    positions: Positions = {},
  ): Promise<MergedScan> {
    const writers = new Set(listLogFiles(folder).map(({ writer }) => writer));
    const entries: Entry[] = [];
    for (const writer of writers) {
      if (!test.wantsWriter(writer)) continue;
      const scan = await WriterScan.open(folder, writer, test, direction, positions[writer]);
      entries.push({ scan, waiting: [], boundMs: await scan.boundMs() });
    }
    return new MergedScan(entries, direction);
  }

  /** Numbers of the lines after the newest ones there were when it was opened. */
  get ends(): Positions {
    return Object.fromEntries(this.entries.map(({ scan }) => [scan.writer, scan.end]));
  }

  /** Where another scan goes on after the lines that were given. */
  get positions(): Positions {
    return Object.fromEntries(
      this.entries.map(({ scan, waiting }) => {
        const first = waiting.at(-1);
        if (!first) return [scan.writer, scan.position];
        return [scan.writer, numberOf(first) + (this.direction === "back" ? 1 : 0)];
      }),
    );
  }

  get isOver(): boolean {
    return this.entries.every(({ waiting, boundMs }) => waiting.length === 0 && boundMs === undefined);
  }

  /** Going back: everything newer was looked through. */
  get reachedMs(): number | undefined {
    const times = this.entries.flatMap(({ waiting, boundMs }) => waiting.at(-1)?.atMs ?? boundMs ?? []);
    return times.length === 0 ? undefined : Math.max(...times);
  }

  /** At most `limit` lines that come next; fewer, even none, while there may be more. Reads at most one block. */
  async next(limit = Number.POSITIVE_INFINITY): Promise<LogLine[]> {
    const ready = this.takeReady(limit);
    if (ready.length > 0) return ready;
    const behind = this.entries
      .filter(({ waiting, boundMs }) => waiting.length === 0 && boundMs !== undefined)
      .reduce<Entry | undefined>(
        (one, two) => (one && this.isBefore(one.boundMs!, two.boundMs!) ? one : two),
        undefined,
      );
    if (!behind) return [];
    // A search of many blocks must not keep others waiting.
    await nextTurn();
    behind.waiting = ((await behind.scan.next()) ?? []).reverse();
    behind.boundMs = await behind.scan.boundMs();
    return this.takeReady(limit);
  }

  async close(): Promise<void> {
    for (const { scan } of this.entries) await scan.close();
  }

  private isBefore(oneMs: number, twoMs: number): boolean {
    return this.direction === "back" ? oneMs >= twoMs : oneMs <= twoMs;
  }

  /** Those that no line still unread can precede. */
  private takeReady(limit: number): LogLine[] {
    const ready: LogLine[] = [];
    const bounds = this.entries
      .filter(({ waiting, boundMs }) => waiting.length === 0 && boundMs !== undefined)
      .map(({ boundMs }) => boundMs!);
    while (ready.length < limit) {
      let first: Entry | undefined;
      for (const entry of this.entries) {
        if (entry.waiting.length === 0) continue;
        if (!first || !this.isBefore(first.waiting.at(-1)!.atMs, entry.waiting.at(-1)!.atMs)) first = entry;
      }
      if (!first) break;
      const line = first.waiting.at(-1)!;
      if (!bounds.every((boundMs) => this.isBefore(line.atMs, boundMs))) break;
      ready.push(line);
      first.waiting.pop();
      if (first.waiting.length === 0 && first.boundMs !== undefined) bounds.push(first.boundMs);
    }
    return ready;
  }
}
