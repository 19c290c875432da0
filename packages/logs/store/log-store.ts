import { statSync } from "node:fs";
import { entriesOf } from "@evenkeel/disk";
import type { AppName, HomeLayout } from "@evenkeel/model";
import type { LogRecord } from "../line/log-line.ts";
import { AppLogWriter, usualWriterLimits, type WriterLimits } from "./app-log-writer.ts";
import {
  type DiskBudget,
  keepWithinBudget,
  removeOldestSegment,
  usualDiskBudget,
} from "./keep-within-budget.ts";
import { appLogFolder, listLogFiles, logsFolder } from "./log-files.ts";

/** Who writes lines; each has files of its own in an app's folder. */
export type LogWriterName = "host" | "control" | "telemetry";

const sweepEveryMs = 60_000;
/** Files of an app that prints nothing are closed after this; its next line opens them again. */
const idleLimitMs = 5 * 60_000;

export interface LogStoreOptions {
  layout: Pick<HomeLayout, "logs">;
  writer: LogWriterName;
  limits?: Partial<WriterLimits>;
  budget?: DiskBudget;
  /** Lines of an app can be read now. */
  onWritten?: (app: AppName) => void;
  /** Lines that a disk was too slow for. */
  onDropped?: (app: AppName, lines: number) => void;
}

/** What one process writes to the logs of all apps. Lines must be redacted when they come. */
export class LogStore {
  private readonly writers = new Map<AppName, AppLogWriter>();
  private readonly sweeper: ReturnType<typeof setInterval>;

  constructor(private readonly options: LogStoreOptions) {
    this.sweeper = setInterval(() => void this.sweep(), sweepEveryMs);
    this.sweeper.unref?.();
  }

  append(app: AppName, record: LogRecord): void {
    this.writer(app).append(record);
  }

  /** Resolves when what was appended before can be read. */
  async flush(app?: AppName): Promise<void> {
    if (app) await this.writers.get(app)?.flush();
    else await Promise.all([...this.writers.values()].map((writer) => writer.flush()));
  }

  async close(): Promise<void> {
    clearInterval(this.sweeper);
    await Promise.all([...this.writers.values()].map((writer) => writer.close()));
  }

  private writer(app: AppName): AppLogWriter {
    let writer = this.writers.get(app);
    if (!writer) {
      const { layout, limits, onWritten, onDropped } = this.options;
      writer = new AppLogWriter(
        appLogFolder(layout, app),
        this.options.writer,
        { ...usualWriterLimits, ...limits },
        {
          sealed: () => keepWithinBudget(layout, this.options.budget ?? usualDiskBudget),
          diskFull: () => removeOldestSegment(layout),
          ...(onWritten && { written: () => onWritten(app) }),
          ...(onDropped && { dropped: (lines) => onDropped(app, lines) }),
        },
      );
      this.writers.set(app, writer);
    }
    return writer;
  }

  /** Closes what is not written to, and seals what has become old. */
  async sweep(): Promise<void> {
    const { layout, limits, budget = usualDiskBudget } = this.options;
    const ageMs = limits?.segmentAgeMs ?? usualWriterLimits.segmentAgeMs;
    for (const { name } of entriesOf(logsFolder(layout))) {
      const app = name as AppName;
      const writer = this.writers.get(app);
      try {
        if (writer?.isOpen) {
          await writer.settle();
          if (writer.idleMs > idleLimitMs) await writer.close();
        } else if (this.hasForgotten(app, Date.now() - ageMs)) {
          await this.writer(app).settle();
          await this.writer(app).close();
        }
      } catch (error) {
        console.error(`The log of ${app} was not settled: ${(error as Error).message}`);
      }
    }
    keepWithinBudget(layout, budget);
  }

  /** Whether lines wait, since before that time, for others to fill their block or segment. */
  private hasForgotten(app: AppName, beforeMs: number): boolean {
    return listLogFiles(appLogFolder(this.options.layout, app)).some(
      ({ writer, kind, path }) =>
        writer === this.options.writer &&
        kind !== "seg" &&
        (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? beforeMs) < beforeMs,
    );
  }
}
