import { type FileHandle, open } from "node:fs/promises";
import type { LogRecord, LogSource } from "../line/log-line.ts";
import { writeWhole } from "./segment-file.ts";
import { readAt } from "./segment-format.ts";

/**
 * One JSON value a line: `{"source":…}` for each source when it first appears, and for each line of the log
 * `[atMs,level,place of its source,requestId,text,fields]`. Lines are numbered by their order from the number in the file's name on.
 */
export class TailReader {
  private offset = 0;
  private rest = Buffer.alloc(0);
  private readonly sources: LogSource[] = [];
  private count = 0;

  private constructor(
    private readonly file: FileHandle,
    readonly path: string,
    readonly first: number,
  ) {}

  /** Undefined where it is gone: then its lines stand in a block. */
  static async open(path: string, first: number): Promise<TailReader | undefined> {
    try {
      return new TailReader(await open(path, "r"), path, first);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Number of the line that `read` gives next. */
  get next(): number {
    return this.first + this.count;
  }

  /** Bytes of whole lines that were read. */
  get readBytes(): number {
    return this.offset - this.rest.length;
  }

  get knownSources(): LogSource[] {
    return this.sources;
  }

  /** Whole lines that were appended since the last call. */
  async read(): Promise<LogRecord[]> {
    const { size } = await this.file.stat();
    if (size <= this.offset) return [];
    const bytes = await readAt(this.file, this.offset, size - this.offset);
    this.offset += bytes.length;
    const whole = Buffer.concat([this.rest, bytes]);
    const end = whole.lastIndexOf(10) + 1;
    this.rest = whole.subarray(end);
    const records = parseRecords(whole.toString("utf8", 0, end), this.sources);
    this.count += records.length;
    return records;
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

type TailLine =
  | { source: LogSource }
  | [atMs: number, level: number, place: number, requestId: string, text: string, fields: string];

/** @param sources those that are known; what the text adds is added */
function parseRecords(text: string, sources: LogSource[]): LogRecord[] {
  const records: LogRecord[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const value = JSON.parse(line) as TailLine;
    if (!Array.isArray(value)) sources.push(value.source);
    else {
      const [atMs, level, place, requestId, words, fields] = value;
      records.push({ atMs, level, source: sources[place]!, requestId, text: words, fields });
    }
  }
  return records;
}

/** The lines of a tail that is held in memory whole, without what is half written. */
export const parseTail = (text: string): (Omit<LogRecord, "source"> & LogSource)[] =>
  parseRecords(text.slice(0, text.lastIndexOf("\n") + 1), []).map(({ source, ...record }) => ({
    ...record,
    ...source,
  }));

/** The tail of a writer: what it has taken and not yet packed. */
export class TailFile {
  readonly records: LogRecord[] = [];
  rawBytes = 0;
  private readonly places = new Map<LogSource, number>();

  private constructor(
    readonly path: string,
    readonly first: number,
    private readonly file: FileHandle,
    private bytes: number,
  ) {}

  static async create(path: string, first: number): Promise<TailFile> {
    return new TailFile(path, first, await open(path, "wx", 0o600), 0);
  }

  /** Goes on with what another life of the writer left; half a line at its end is cut off. */
  static async resume(path: string, first: number): Promise<TailFile> {
    const reader = (await TailReader.open(path, first))!;
    const records = await reader.read();
    await reader.close();
    const file = await open(path, "r+");
    await file.truncate(reader.readBytes);
    const tail = new TailFile(path, first, file, reader.readBytes);
    for (const record of records) tail.take(record);
    for (const [place, source] of reader.knownSources.entries()) tail.places.set(source, place);
    return tail;
  }

  /** Number of the line after its last one. */
  get end(): number {
    return this.first + this.records.length;
  }

  async isRemoved(): Promise<boolean> {
    return (await this.file.stat()).nlink === 0;
  }

  /** Resolves when the lines are with the file system: they outlive this process then, and the machine after `sync`. */
  async append(records: LogRecord[]): Promise<void> {
    let text = "";
    const added: LogSource[] = [];
    for (const { atMs, level, source, requestId, text: words, fields } of records) {
      let place = this.places.get(source);
      if (place === undefined) {
        place = this.places.size;
        this.places.set(source, place);
        added.push(source);
        text += `${JSON.stringify({ source })}\n`;
      }
      text += `${JSON.stringify([atMs, level, place, requestId, words, fields])}\n`;
    }
    const bytes = Buffer.from(text);
    try {
      await writeWhole(this.file, bytes, this.bytes);
    } catch (error) {
      await this.file.truncate(this.bytes).catch(() => {});
      for (const source of added) this.places.delete(source);
      throw error;
    }
    this.bytes += bytes.length;
    for (const record of records) this.take(record);
  }

  sync(): Promise<void> {
    return this.file.datasync();
  }

  close(): Promise<void> {
    return this.file.close();
  }

  private take(record: LogRecord): void {
    this.records.push(record);
    this.rawBytes += record.text.length + record.fields.length + record.requestId.length;
  }
}
