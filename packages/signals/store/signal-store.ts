import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SignalBatch, SignalOrigin, SignalScope, SignalSourceName } from "@evenkeel/model";
import { ownSeriesLimit } from "@evenkeel/model/signals/catalogue";
import { platformScope } from "@evenkeel/model/signals/signal-scope";
import { foldMinute } from "./fold-minute.ts";
import { floorTo, hours, levels, minutes, seconds } from "./levels.ts";
import { type DropReason, readSample } from "./read-sample.ts";
import type { SeriesName } from "./series.ts";
import { SeriesTable } from "./series-table.ts";
import { type JournalledBatch, SignalDatabase } from "./signal-database.ts";
import { Totals } from "./totals.ts";

export interface SignalStoreOptions {
  /** Where `signals.sqlite` stands. */
  folder: string;
  /** Series of its own that an app environment may have had within an hour; default `ownSeriesLimit`. More are dropped and counted. */
  ownSeriesLimit?: number;
  /** Disk that signals may take; default 1 GiB. The oldest go first. */
  diskBudgetBytes?: number;
  /** Milliseconds since the epoch; default: the clock. */
  now?: () => number;
}

/** Of the platform's measures of one app: instances, schedules and deployments that change, so it only bounds a fault of ours. */
const platformSeriesLimit = 10_000;
/** A batch's second may be so old: what waited while this process was away. Older seconds are rolled up for good. */
const oldestAcceptedMs = 55 * 60_000;
/** All sources share this machine's clock; more is a step of it between their look and ours. */
const newestAcceptedMs = 5_000;
/** The last commit that waited for the disk is at most so old: what a loss of power takes. */
const syncEveryMs = 3_000;
/** A minute is folded when so much time has passed since its end, so that late seconds are usually in it. */
const foldDelayMs = 5_000;
const minuteMs = seconds.spanMs;

interface JournalEntry {
  origin: SignalOrigin;
  batch: SignalBatch;
}

interface LiveSource {
  origin: SignalOrigin;
  heardMs: number;
}

/**
 * Keeps signals: seconds for an hour in memory and on disk, minutes for 30 days, hours for a year.
 *
 * **A batch's way**: memory and the list of what is not written → `commit`: one transaction appends it to the journal and notes the
 * source's number, after which it is acknowledged → `fold`, once its minute is over: one transaction writes the minute's points, makes
 * the points of hour and day anew from what is below them, and drops the minute's journal. A crash between any two of them leaves
 * either the journal or the points; folding again gives the same.
 *
 * A full disk stops none of this: the oldest minutes are deleted, and where even that does not help, the last hour goes on in memory.
 */
export class SignalStore {
  readonly table: SeriesTable;
  readonly database: SignalDatabase;
  private readonly seqs: Map<string, number>;
  private readonly sources = new Map<string, LiveSource>();
  private unwritten: JournalledBatch[] = [];
  private syncedMs = 0;
  private counted: Totals | undefined;
  /** Why nothing can be written; undefined: it can. */
  private fault: string | undefined;

  constructor(private readonly options: SignalStoreOptions) {
    this.table = new SeriesTable({
      ownSeries: options.ownSeriesLimit ?? ownSeriesLimit,
      platformSeries: platformSeriesLimit,
    });
    this.database = new SignalDatabase(
      join(options.folder, "signals.sqlite"),
      options.diskBudgetBytes ?? 1024 ** 3,
    );
    this.seqs = this.database.lastSeqs();
    this.load();
    // What is read again was counted before.
    if (existsSync(this.scrapedMark)) this.counted = new Totals(this.now);
  }

  /** Begins to count with the first that asks, and from then on with each start. */
  get totals(): Totals {
    if (!this.counted) {
      this.counted = new Totals(this.now);
      try {
        writeFileSync(this.scrapedMark, "");
      } catch {
        // On a full disk: after the next start counting begins with the next that asks.
      }
    }
    return this.counted;
  }

  private get scrapedMark(): string {
    return join(this.options.folder, "scraped");
  }

  get now(): number {
    return (this.options.now ?? Date.now)();
  }

  /** The number of the last batch that is kept of this process; 0: none. */
  lastSeq(source: SignalSourceName): number {
    return this.seqs.get(sourceKey(source)) ?? 0;
  }

  /** False: it was taken before. `commit` makes it durable. */
  take(source: SignalSourceName, batch: SignalBatch): boolean {
    const key = sourceKey(source);
    if (batch.seq <= this.lastSeq(source)) return false;
    this.seqs.set(key, batch.seq);
    const nowMs = this.now;
    this.sources.set(key, { origin: source.origin, heardMs: nowMs });
    if (batch.lost) this.drop("buffer", batch.lost, nowMs);
    const isInBounds = batch.atMs >= nowMs - oldestAcceptedMs && batch.atMs <= nowMs + newestAcceptedMs;
    if (!isInBounds) this.drop("clock", batch.samples.length, nowMs);
    const accepted = isInBounds
      ? batch
      : { ...batch, atMs: floorTo(nowMs, seconds.stepMs), coversMs: 0, samples: [] };
    this.apply(source.origin, accepted);
    this.unwritten.push({
      ...{ source: key, seq: batch.seq, minuteMs: floorTo(accepted.atMs, minuteMs) },
      batch: JSON.stringify({ origin: source.origin, batch: accepted } satisfies JournalEntry),
    });
    return true;
  }

  /** A source went: what it did not tell is unknown from now on. */
  leave(source: SignalSourceName): void {
    this.sources.delete(sourceKey(source));
  }

  /** Writes what was taken. Returns whether it is on disk; if it cannot be, it stays in memory and is not tried again. */
  commit(): boolean {
    if (this.unwritten.length === 0) return true;
    const batches = this.unwritten;
    this.unwritten = [];
    return this.write(() => {
      const isDurable = this.now - this.syncedMs >= syncEveryMs || this.now < this.syncedMs;
      this.database.setDurable(isDurable);
      this.database.journal(batches, this.now);
      if (isDurable) this.syncedMs = this.now;
    });
  }

  /** Rolls up the minutes that are over. What cannot be written is tried again with the next call. */
  fold(untilMs = this.now - foldDelayMs): void {
    const open = new Set<number>();
    for (const series of this.table.of()) {
      for (const startMs of series.open.keys()) if (startMs + minuteMs <= untilMs) open.add(startMs);
    }
    for (const startMs of [...open].sort((a, b) => a - b)) {
      this.write(() => foldMinute(this.database, this.table, startMs));
    }
  }

  /** Forgets what is older than each level is kept. */
  sweep(): void {
    // After a step of the clock, minutes that are still open would be forgotten.
    this.fold();
    const nowMs = this.now;
    const oldestInMemoryMs = floorTo(nowMs - seconds.keptMs, minuteMs);
    this.table.forgetBefore(oldestInMemoryMs);
    this.write(() => {
      for (const level of levels) this.database.deleteBefore(level, nowMs - level.keptMs - level.spanMs);
      this.database.forgetUnused(nowMs - seconds.keptMs);
    });
  }

  /** Whether an origin measured in the second: what it did not count there is zero. */
  measured(origin: SignalOrigin, atMs: number): boolean {
    const heartbeat = this.table.find(heartbeatOf(origin));
    return heartbeat?.at(atMs) !== undefined || this.livesAt(origin, atMs);
  }

  /**
   * An idle source says so every few seconds only. Until it does, the seconds since are taken to be like this one: it would have
   * told at once if there had been anything.
   */
  livesAt(origin: SignalOrigin, atMs: number): boolean {
    const nowMs = this.now;
    if (atMs > nowMs - 1_500) return false;
    if (origin === "signals") return atMs > nowMs - sourceSilenceMs;
    for (const source of this.sources.values()) {
      if (source.origin !== origin || nowMs - source.heardMs > sourceSilenceMs) continue;
      if (atMs >= floorTo(source.heardMs, seconds.stepMs) - seconds.stepMs) return true;
    }
    return false;
  }

  /** Why signals are kept in memory only; undefined where they are kept on disk. */
  get diskFault(): string | undefined {
    return this.fault;
  }

  /** Writes all that it has. */
  close(): void {
    this.commit();
    this.write(() => this.database.setDurable(true));
    this.fold();
    this.database.close();
  }

  private load(): void {
    const sinceMs = floorTo(this.now - seconds.keptMs, minuteMs);
    for (const { name, kind, startMs, points } of this.database.chunksSince(seconds, sinceMs)) {
      this.table.findOrMake(name, kind)?.fold(startMs, points);
    }
    for (const line of this.database.journalled()) {
      const { origin, batch } = JSON.parse(line) as JournalEntry;
      this.apply(origin, batch);
    }
  }

  private apply(origin: SignalOrigin, { atMs, coversMs, samples }: SignalBatch): void {
    const heartbeat = this.table.findOrMake(heartbeatOf(origin), "count");
    for (let coveredMs = atMs; coveredMs > atMs - coversMs; coveredMs -= seconds.stepMs) {
      heartbeat?.set(coveredMs, 1);
    }
    for (const sample of samples) {
      readSample(
        sample,
        (name, kind, point) => {
          const series = this.table.findOrMake(name, kind);
          if (series?.kind === kind) {
            series.add(atMs, point);
            this.counted?.add(series, point);
          } else this.drop(series ? "value" : "series_limit", 1, atMs, name);
        },
        (reason) => this.drop(reason, 1, atMs),
      );
    }
  }

  private drop(reason: DropReason, samples: number, atMs: number, of: SignalScope = platformScope): void {
    const { app, environment } = of;
    const series = this.table.findOrMake(
      { app, environment, signal: "signals_dropped", detail: reason },
      "count",
    );
    if (!series || samples === 0) return;
    series.add(floorTo(atMs, seconds.stepMs), samples);
    this.counted?.add(series, samples);
  }

  /** Makes room where there is none. */
  private write(work: () => void): boolean {
    for (let attempt = 0; ; attempt++) {
      try {
        work();
        if (this.fault) console.error("signals: the disk takes signals again");
        this.fault = undefined;
        return true;
      } catch (error) {
        if (attempt < 5 && isFull(error) && this.dropOldest()) continue;
        const reason = error instanceof Error ? error.message : String(error);
        if (!this.fault)
          console.error(`signals: kept in memory only, the disk does not take them: ${reason}`);
        this.fault = reason;
        return false;
      }
    }
  }

  /** Deletes the oldest tenth of the minutes; where there are none, of the hours. False: nothing is left to delete. */
  private dropOldest(): boolean {
    const nowMs = this.now;
    try {
      if (this.database.deleteBefore(seconds, nowMs - seconds.keptMs - seconds.spanMs) > 0) return true;
      for (const level of [minutes, hours]) {
        const oldestMs = this.database.oldestChunk(level);
        if (oldestMs === undefined || oldestMs >= floorTo(nowMs, level.spanMs)) continue;
        const untilMs = oldestMs + Math.max(level.spanMs, (nowMs - oldestMs) / 10);
        const deleted = this.database.deleteBefore(level, untilMs);
        const until = new Date(untilMs).toISOString();
        console.error(`signals: no room; ${deleted} chunks of ${level.name} before ${until} are deleted`);
        this.database.shrink();
        return true;
      }
      return false;
    } catch {
      return false;
    }
  }
}

/** An idle source speaks every five seconds; one that was silent for longer than this does not live. */
const sourceSilenceMs = 8_000;

/** The series of the seconds in which an origin measured: what it did not count in them is zero. */
export const heartbeatOf = (origin: SignalOrigin): SeriesName => ({
  ...{ app: platformScope.app, environment: platformScope.environment },
  ...{ signal: "heartbeat", detail: origin },
});

const sourceKey = ({ origin, name, run }: SignalSourceName): string => `${origin} ${name} ${run}`;

function isFull(error: unknown): boolean {
  const { code = "" } = error as { code?: string };
  return code.startsWith("SQLITE_FULL") || code.startsWith("SQLITE_IOERR");
}
