import { logLevels } from "../line/log-level.ts";
import type { LogLine, LogRecord } from "../line/log-line.ts";
import { gramsOf, mayContain } from "../store/gram-filter.ts";
import { type LogFile, listLogFiles } from "../store/log-files.ts";
import { SegmentReader } from "../store/segment-file.ts";
import type { BlockPlace } from "../store/segment-format.ts";
import { TailReader } from "../store/tail-file.ts";
import type { LineTest } from "./log-query.ts";
import { matchingLines } from "./matching-lines.ts";

/** A part of a writer's lines that is read at once. */
interface Piece {
  /** Numbers of its first line, and of the line after its last. */
  first: number;
  end: number;
  fromMs: number;
  toMs: number;
  lines: () => Promise<LogLine[]>;
}

/**
 * Goes through the lines of one writer that a query wants, piece by piece, forward or back, as they are when it is opened. Blocks whose head
 * says that nothing wanted is in them are passed over.
 */
export class WriterScan {
  private readonly pieces: Piece[] = [];
  private segments: LogFile[] = [];
  /** Going forward, the tail comes after all segments. */
  private lastPiece: Piece | undefined;
  private reader: SegmentReader | undefined;
  /** Going back: the number that everything not yet read is below. Forward: the number of the next line. */
  position: number;

  private constructor(
    readonly writer: string,
    private readonly test: LineTest,
    private readonly direction: "back" | "forward",
    /** Number of the line after the newest one there was. */
    readonly end: number,
    position: number,
  ) {
    this.position = position;
  }

  /**
   * @param from going back: lines below this number; forward: lines from this number on
   */
  static async open(
    folder: string,
    writer: string,
    test: LineTest,
    direction: "back" | "forward",
    from: number = direction === "back" ? Number.POSITIVE_INFINITY : 0,
  ): Promise<WriterScan> {
    for (;;) {
      const files = listLogFiles(folder).filter((file) => file.writer === writer);
      const tailFile = files.findLast(({ kind }) => kind === "tail");
      const tail = tailFile && (await TailReader.open(tailFile.path, tailFile.first));
      // It has just become a block.
      if (tailFile && !tail) continue;
      const records = tail ? await tail.read() : [];
      const segments = files.filter(({ kind }) => kind !== "tail");
      const end = tail?.next ?? (await endOf(segments.at(-1)));
      await tail?.close();
      const scan = new WriterScan(
        writer,
        test,
        direction,
        end,
        direction === "back" ? Math.min(from, end) : from,
      );
      // One that was packed while we looked, or that a crash left beside its block, is read there.
      scan.segments = segments.filter(({ first }) => !tail || first < tail.first);
      const piece = tail && records.length > 0 ? scan.tailPiece(tail.first, records) : undefined;
      if (direction === "back" && piece) scan.pieces.push(piece);
      else scan.lastPiece = piece;
      return scan;
    }
  }

  /** The latest (back) or earliest (forward) time that what is still to be read can have; undefined when everything was. */
  async boundMs(): Promise<number | undefined> {
    const piece = await this.peek();
    if (!piece) return undefined;
    return this.direction === "back" ? piece.toMs : piece.fromMs;
  }

  /** Lines of the next piece, in the scan's direction; undefined when everything was read. */
  async next(): Promise<LogLine[] | undefined> {
    const piece = await this.peek();
    if (!piece) return undefined;
    this.pieces.shift();
    const { position } = this;
    this.position = this.direction === "back" ? piece.first : piece.end;
    const lines = await piece.lines();
    return this.direction === "back"
      ? lines.filter((line) => numberOf(line) < position).reverse()
      : lines.filter((line) => numberOf(line) >= position);
  }

  async close(): Promise<void> {
    await this.reader?.close();
    this.reader = undefined;
  }

  private async peek(): Promise<Piece | undefined> {
    while (this.pieces.length === 0) {
      const file = this.direction === "back" ? this.segments.pop() : this.segments.shift();
      if (!file) {
        const { lastPiece } = this;
        if (!lastPiece) return undefined;
        this.lastPiece = undefined;
        this.pieces.push(lastPiece);
        break;
      }
      if (this.direction === "back" && file.first >= this.position) continue;
      const following = this.segments[0]?.first;
      if (this.direction === "forward" && following !== undefined && following <= this.position) continue;
      await this.enter(file);
    }
    return this.pieces[0];
  }

  private async enter(file: LogFile): Promise<void> {
    await this.close();
    // Absent: its age or a budget took it meanwhile.
    const reader = await SegmentReader.open(file.path);
    if (!reader) return;
    this.reader = reader;
    const { trailer } = reader;
    if (trailer && !this.test.mayWant({ ...trailer, levels: 0b111111 })) return;
    const grams = this.test.needles.map((group) => group.map(gramsOf));
    const wanted = (await reader.places()).filter(
      ({ head }) =>
        this.isAhead(head.first, head.first + head.count) &&
        this.test.mayWant(head) &&
        grams.every((group) => group.some((gram) => mayContain(head.filter, gram))),
    );
    if (this.direction === "back") wanted.reverse();
    this.pieces.push(...wanted.map((place) => this.blockPiece(reader, place)));
  }

  private isAhead(first: number, end: number): boolean {
    return this.direction === "back" ? first < this.position : end > this.position;
  }

  private blockPiece(reader: SegmentReader, place: BlockPlace): Piece {
    const { first, count, fromMs, toMs } = place.head;
    return {
      ...{ first, end: first + count, fromMs, toMs },
      lines: async () => {
        const block = await reader.block(place);
        return matchingLines(block, this.test).map((at) => lineOf(this.writer, first + at, block.record(at)));
      },
    };
  }

  private tailPiece(first: number, records: LogRecord[]): Piece | undefined {
    const end = first + records.length;
    if (!this.isAhead(first, end)) return undefined;
    return {
      ...{ first, end, fromMs: records[0]!.atMs, toMs: records.at(-1)!.atMs },
      lines: async () =>
        records.flatMap((record, at) =>
          this.test.wants(record) ? [lineOf(this.writer, first + at, record)] : [],
        ),
    };
  }
}

async function endOf(file: LogFile | undefined): Promise<number> {
  const reader = file && (await SegmentReader.open(file.path));
  if (!reader) return file?.first ?? 1;
  const last = (await reader.places()).at(-1);
  await reader.close();
  return last ? last.head.first + last.head.count : file.first;
}

export function lineOf(writer: string, number: number, record: LogRecord): LogLine {
  return {
    id: `${writer}-${number}`,
    atMs: record.atMs,
    level: logLevels[record.level]!,
    text: record.text,
    ...record.source,
    ...(record.requestId !== "" && { requestId: record.requestId }),
    ...(record.fields !== "" && { fields: JSON.parse(record.fields) as Record<string, unknown> }),
  };
}

/** Within its writer. */
export const numberOf = (line: Pick<LogLine, "id">): number =>
  Number(line.id.slice(line.id.indexOf("-") + 1));
export const writerOf = (line: Pick<LogLine, "id">): string => line.id.slice(0, line.id.indexOf("-"));
