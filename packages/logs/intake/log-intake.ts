import { createHmac } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { loadOrCreateKey } from "@evenkeel/disk";
import { type AppName, formatSize, type HomeLayout, type MaskSecrets } from "@evenkeel/model";
import { type LogLevel, logLevels } from "../line/log-level.ts";
import type { LogSource } from "../line/log-line.ts";
import { Redactor } from "../redaction/redactor.ts";
import { appLogFolder } from "../store/log-files.ts";
import { type LogSettings, readLogSettings, settingsFile } from "../store/log-settings.ts";
import { LogStore, type LogStoreOptions } from "../store/log-store.ts";
import { LineBudget } from "./line-budget.ts";
import { LineReader, withoutControls } from "./line-reader.ts";
import { ProcessOutput } from "./process-output.ts";
import { fromFields } from "./structured-line.ts";

const lookEveryMs = 2_000;

export type LogCount = "lines" | "dropped";

export interface LogIntakeOptions extends Omit<LogStoreOptions, "layout" | "onDropped"> {
  layout: Pick<HomeLayout, "logs" | "logMarksKey">;
  /** Lines that came, and lines of a flood (or of a disk that is too slow) that were not kept. */
  count?: (what: LogCount, app: AppName, source: Omit<LogSource, "stream">, lines: number) => void;
}

/**
 * The way of lines into the log, for one process of the platform: what is printed is split, masked, read, redacted and written down.
 *
 * @example
 * const intake = new LogIntake({ layout, writer: "host" });
 * const output = intake.app(app).output({ deployment, instance }, mask);
 * output.push("stdout", chunk);
 */
export class LogIntake {
  readonly store: LogStore;
  private readonly apps = new Map<AppName, AppIntake>();

  constructor(private readonly options: LogIntakeOptions) {
    const { count } = options;
    this.store = new LogStore({
      ...options,
      onDropped: (app, lines) => count?.("dropped", app, {}, lines),
    });
  }

  app(app: AppName): AppIntake {
    let intake = this.apps.get(app);
    if (!intake) {
      intake = new AppIntake(app, this.options, this.store);
      this.apps.set(app, intake);
    }
    return intake;
  }

  flush(): Promise<void> {
    return this.store.flush();
  }

  close(): Promise<void> {
    return this.store.close();
  }
}

/** A line that came ready, such as a record by OTLP. */
export interface GivenLine {
  level?: LogLevel;
  text: string;
  requestId?: string;
  fields?: Record<string, unknown>;
}

/** What one app prints. */
export class AppIntake {
  readonly budget: LineBudget;
  private settings: LogSettings;
  private settingsMs = 0;
  private lookedAtMs = 0;
  private current: Redactor;
  private readonly markKey: Uint8Array;
  private readonly dropped = new Map<LogSource, { lines: number; bytes: number }>();
  private droppedTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly app: AppName,
    private readonly options: LogIntakeOptions,
    private readonly store: LogStore,
  ) {
    this.markKey = createHmac("sha256", loadOrCreateKey(options.layout.logMarksKey)).update(app).digest();
    this.settings = readLogSettings(this.folder);
    this.budget = new LineBudget(this.settings, Date.now());
    this.current = new Redactor(this.markKey, this.settings);
  }

  /** @param from what prints; `mask` takes the values of its secrets out */
  output(from: Omit<LogSource, "stream">, mask: MaskSecrets): ProcessOutput {
    return new ProcessOutput(this, from, mask);
  }

  /** Reads lines of what is bounded elsewhere, for `append`. */
  reader(source: LogSource, usualLevel: LogLevel, mask: MaskSecrets): LineReader {
    return new LineReader(source, usualLevel, () => this.current, mask);
  }

  /** A record that is no line of output; counts against the app's budget like one. @returns false where it was dropped */
  give(source: LogSource, given: GivenLine): boolean {
    const bytes = given.text.length + 64;
    if (!this.admits()) {
      this.drop(source, 1, bytes);
      return false;
    }
    const fieldBytes = this.write(source, given);
    this.budget.take(1, bytes + fieldBytes);
    this.options.count?.("lines", this.app, source, 1);
    return true;
  }

  /** What a second may bring at length, in words. */
  get limit(): string {
    const { linesPerSecond, bytesPerSecond } = this.settings;
    return `${linesPerSecond} lines or ${formatSize(bytesPerSecond)} a second`;
  }

  /** The platform's own words; they are never dropped. */
  note(source: LogSource, text: string, level: LogLevel = "info"): void {
    this.write(source, { text, level });
  }

  redactor(): Redactor {
    return this.current;
  }

  append(record: Parameters<LogStore["append"]>[1]): void {
    this.store.append(this.app, record);
  }

  /** Whether a piece of output is to be read at all. */
  admits(): boolean {
    const nowMs = Date.now();
    this.refresh(nowMs);
    return this.budget.hasRoom(nowMs);
  }

  /** Goes by what a person has changed since. */
  refresh(nowMs = Date.now()): void {
    if (nowMs - this.lookedAtMs > lookEveryMs) this.lookAtSettings(nowMs);
  }

  took(source: Omit<LogSource, "stream">, lines: number, bytes: number): void {
    this.budget.take(lines, bytes);
    if (lines > 0) this.options.count?.("lines", this.app, source, lines);
  }

  drop(source: LogSource, lines: number, bytes: number): void {
    const dropped = this.dropped.get(source) ?? { lines: 0, bytes: 0 };
    dropped.lines += lines;
    dropped.bytes += bytes;
    this.dropped.set(source, dropped);
    this.droppedTimer ??= setTimeout(() => this.tellDropped(), 1_000);
  }

  /** Says now what was dropped. */
  tellDropped(): void {
    clearTimeout(this.droppedTimer);
    this.droppedTimer = undefined;
    for (const [source, { lines, bytes }] of this.dropped) {
      this.note(
        { ...source, stream: "platform" },
        `${lines} lines (${formatSize(bytes)}) of ${source.stream} were dropped: the app ${source.stream === "otlp" ? "sent" : "printed"} more than ${this.limit}`,
        "warn",
      );
      if (lines > 0) this.options.count?.("dropped", this.app, source, lines);
    }
    this.dropped.clear();
  }

  /** @returns the length of its fields */
  private write(source: LogSource, { level = "info", text, requestId = "", fields }: GivenLine): number {
    const redactor = this.current;
    const read = fromFields({ ...fields }, text !== "");
    const clean = (words: string) => redactor.text(withoutControls(words));
    const written = read.fields === undefined ? "" : JSON.stringify(redactor.fields(read.fields));
    this.append({
      atMs: Date.now(),
      level: logLevels.indexOf(read.level ?? level),
      source,
      requestId: clean(requestId || read.requestId).slice(0, 128),
      text: clean(text || read.text),
      fields: written,
    });
    return written.length;
  }

  private get folder(): string {
    return appLogFolder(this.options.layout, this.app);
  }

  private lookAtSettings(nowMs: number): void {
    this.lookedAtMs = nowMs;
    const changedMs = statSync(join(this.folder, settingsFile), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (changedMs === this.settingsMs) return;
    this.settingsMs = changedMs;
    this.settings = readLogSettings(this.folder);
    this.budget.limit(this.settings);
    this.current = new Redactor(this.markKey, this.settings);
  }
}
