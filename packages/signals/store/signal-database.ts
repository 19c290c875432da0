import { Database } from "bun:sqlite";
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import type { SignalKind } from "@evenkeel/model";
import { floorTo, type Level } from "./levels.ts";
import type { SeriesName } from "./series.ts";

/**
 * SQLite in WAL mode (https://sqlite.org/wal.html): a killed process leaves nothing half done.
 *
 * - `series`: what is measured; `last_ms` is the minute in which it was last.
 * - `chunks`: its points (`encodeChunk`) by level (0 seconds, 1 minutes, 2 hours) and beginning. Ordered by time, so that what is deleted
 *   for its age are whole pages.
 * - `journal`: batches whose minute is not in a chunk yet.
 * - `sources`: the number of the last batch of each process that measures.
 */
const schemaVersion = 1;
const schema = `
  create table if not exists series (
    id integer primary key, app text not null, environment text not null, signal text not null, deployment text not null,
    detail text not null, kind text not null, last_ms integer not null,
    unique (app, environment, signal, deployment, detail));
  create table if not exists chunks (
    level integer not null, series integer not null, start_ms integer not null, points blob not null,
    primary key (level, start_ms, series)) without rowid;
  create table if not exists journal (id integer primary key, minute_ms integer not null, batch text not null);
  create index if not exists journal_by_minute on journal (minute_ms);
  create table if not exists sources (source text primary key, seq integer not null, seen_ms integer not null) without rowid;
`;

const pageBytes = 4_096;
const levelNumber = { seconds: 0, minutes: 1, hours: 2 } as const;

export interface JournalledBatch {
  source: string;
  seq: number;
  minuteMs: number;
  /** As JSON. */
  batch: string;
}

export interface StoredSeries {
  id: number;
  name: SeriesName;
  kind: SignalKind;
  lastMs: number;
}

interface SeriesRow {
  id: number;
  app: string;
  environment: string;
  signal: string;
  deployment: string;
  detail: string;
  kind: SignalKind;
  last_ms: number;
}

/** The database of signals: `signals/signals.sqlite` in the data directory. One process has it open. */
export class SignalDatabase {
  private readonly database: Database;

  /** A file that is no database any more is moved aside: signals begin anew rather than not at all. */
  constructor(path: string, budgetBytes: number) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.database = openOrBeginAnew(path);
    this.setBudget(budgetBytes);
  }

  /** SQLite itself refuses to grow beyond it (SQLITE_FULL), as it does on a full disk. */
  setBudget(bytes: number): void {
    this.database.run(`pragma max_page_count = ${Math.max(64, Math.floor(bytes / pageBytes))}`);
  }

  /** Of the chunks and journal that are there, without pages that are free. */
  get usedBytes(): number {
    return (this.pragma("page_count") - this.pragma("freelist_count")) * pageBytes;
  }

  transaction(work: () => void): void {
    this.database.transaction(work).immediate();
  }

  /** Whether the next commits wait for the disk. A commit that does brings those before it there, too. */
  setDurable(isDurable: boolean): void {
    this.database.run(`pragma synchronous = ${isDurable ? "full" : "normal"}`);
  }

  journal(batches: readonly JournalledBatch[], nowMs: number): void {
    const insert = this.database.query("insert into journal (minute_ms, batch) values (?, ?)");
    const note = this.database.query(
      "insert or replace into sources (source, seq, seen_ms) values (?, ?, ?)",
    );
    this.transaction(() => {
      for (const { source, seq, minuteMs, batch } of batches) {
        insert.run(minuteMs, batch);
        note.run(source, seq, nowMs);
      }
    });
  }

  journalled(): string[] {
    const rows = this.database.query<{ batch: string }, []>("select batch from journal order by id").all();
    return rows.map(({ batch }) => batch);
  }

  dropJournal(minuteMs: number): void {
    this.database.query("delete from journal where minute_ms = ?").run(minuteMs);
  }

  lastSeqs(): Map<string, number> {
    const rows = this.database
      .query<{ source: string; seq: number }, []>("select source, seq from sources")
      .all();
    return new Map(rows.map(({ source, seq }) => [source, seq]));
  }

  /** Makes the series where it is missing. */
  touchSeries(name: SeriesName, kind: SignalKind, lastMs: number): number {
    const { app, environment, signal, deployment = "", detail = "" } = name;
    return this.database
      .query<{ id: number }, (string | number)[]>(
        `insert into series (app, environment, signal, deployment, detail, kind, last_ms) values (?, ?, ?, ?, ?, ?, ?)
         on conflict do update set last_ms = max(last_ms, excluded.last_ms) returning id`,
      )
      .get(app, environment, signal, deployment, detail, kind, lastMs)!.id;
  }

  series(filter: { app?: string; environment?: string; signal?: string }): StoredSeries[] {
    const columns = Object.entries(filter).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    const where = columns.map(([column]) => `${column} = ?`).join(" and ") || "true";
    return this.database
      .query<SeriesRow, string[]>(`select * from series where ${where}`)
      .all(...columns.map(([, value]) => value))
      .map(storedSeries);
  }

  putChunk(level: Level, series: number, startMs: number, points: Uint8Array): void {
    this.database
      .query("insert or replace into chunks (level, series, start_ms, points) values (?, ?, ?, ?)")
      .run(levelNumber[level.name], series, startMs, points);
  }

  chunk(level: Level, series: number, startMs: number): Uint8Array | undefined {
    return this.database
      .query<{ points: Uint8Array }, number[]>(
        "select points from chunks where level = ? and start_ms = ? and series = ?",
      )
      .get(levelNumber[level.name], startMs, series)?.points;
  }

  /** Those that overlap the time, in order. */
  *chunks(
    level: Level,
    series: number,
    fromMs: number,
    toMs: number,
  ): Iterable<{ startMs: number; points: Uint8Array }> {
    const oldestMs = Math.max(fromMs, this.oldestChunk(level) ?? toMs);
    for (let startMs = floorTo(oldestMs, level.spanMs); startMs < toMs; startMs += level.spanMs) {
      const points = this.chunk(level, series, startMs);
      if (points) yield { startMs, points };
    }
  }

  /** Every chunk of the level that begins at `sinceMs` or later, with its series. */
  *chunksSince(
    level: Level,
    sinceMs: number,
  ): Iterable<StoredSeries & { startMs: number; points: Uint8Array }> {
    const rows = this.database.query<SeriesRow & { start_ms: number; points: Uint8Array }, number[]>(
      `select series.*, start_ms, points from chunks join series on series.id = series
       where level = ? and start_ms >= ?`,
    );
    for (const row of rows.iterate(levelNumber[level.name], sinceMs)) {
      yield { ...storedSeries(row), startMs: row.start_ms, points: row.points };
    }
  }

  /** Every chunk of the level that begins at `startMs`, with its series. */
  chunksAt(level: Level, startMs: number): (StoredSeries & { points: Uint8Array })[] {
    return this.database
      .query<SeriesRow & { points: Uint8Array }, number[]>(
        "select series.*, points from chunks join series on series.id = series where level = ? and start_ms = ?",
      )
      .all(levelNumber[level.name], startMs)
      .map((row) => ({ ...storedSeries(row), points: row.points }));
  }

  /** Deletes chunks that began before `ms`; returns how many. */
  deleteBefore(level: Level, ms: number): number {
    const { changes } = this.database
      .query("delete from chunks where level = ? and start_ms < ?")
      .run(levelNumber[level.name], ms);
    return changes;
  }

  oldestChunk(level: Level): number | undefined {
    const row = this.database
      .query<{ oldest: number | null }, number[]>(
        "select min(start_ms) as oldest from chunks where level = ?",
      )
      .get(levelNumber[level.name]);
    return row?.oldest ?? undefined;
  }

  /** Forgets series that have no chunk any more, and processes that said nothing since `ms`. */
  forgetUnused(ms: number): void {
    this.database.query("delete from sources where seen_ms < ?").run(ms);
    this.database
      .query(
        "delete from series where last_ms < ? and not exists (select 1 from chunks where series = series.id)",
      )
      .run(ms);
  }

  /** Gives pages that are free back to the disk, and empties the file of the WAL. */
  shrink(): void {
    this.database.run("pragma incremental_vacuum");
    this.database.run("pragma wal_checkpoint(truncate)");
  }

  close(): void {
    this.database.close();
  }

  private pragma(name: string): number {
    return Object.values(this.database.query<Record<string, number>, []>(`pragma ${name}`).get()!)[0]!;
  }
}

const storedSeries = ({ id, kind, last_ms, deployment, detail, ...row }: SeriesRow): StoredSeries => ({
  ...{ id, kind, lastMs: last_ms },
  name: {
    ...{ app: row.app, environment: row.environment as SeriesName["environment"], signal: row.signal },
    ...(deployment && { deployment }),
    ...(detail && { detail }),
  },
});

function openOrBeginAnew(path: string): Database {
  try {
    return open(path);
  } catch (error) {
    const code = (error as { code?: string }).code ?? "";
    if (!code.startsWith("SQLITE_CORRUPT") && !code.startsWith("SQLITE_NOTADB")) throw error;
    console.error(`signals: ${path} is damaged; it is kept as ${path}.damaged and begun anew: ${error}`);
    for (const suffix of ["-wal", "-shm"]) rmSync(path + suffix, { force: true });
    renameSync(path, `${path}.damaged`);
    return open(path);
  }
}

function open(path: string): Database {
  const database = new Database(path, { create: true, strict: true });
  try {
    database.run("pragma busy_timeout = 5000");
    database.run("pragma auto_vacuum = incremental");
    database.run("pragma journal_mode = wal");
    database.run("pragma cache_size = -1024");
    database.transaction(() => database.run(schema)).immediate();
    database.run(`pragma user_version = ${schemaVersion}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
