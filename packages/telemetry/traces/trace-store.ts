import type { Database } from "bun:sqlite";
import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import type { Span } from "@evenkeel/model/link/span";
import type { FoundTrace, TelemetryOwner } from "@evenkeel/model/link/telemetry-protocol";
import { openDatabase } from "../store/open-database.ts";
import { outboxSchema, SpanOutbox } from "./span-outbox.ts";

/** One line of `evenkeel traces`. */
export interface TraceSummary {
  traceId: string;
  deployment: string | null;
  /** Of the topmost span that is known. */
  name: string;
  startMs: number;
  durationMs: number;
  spanCount: number;
  errorCount: number;
}

export interface TraceQuery extends TelemetryOwner {
  /** Epoch milliseconds. */
  sinceMs?: number;
  /** Only those that took at least so long. */
  minDurationMs?: number;
  errors?: boolean;
  limit: number;
}

export interface TraceStoreOptions {
  path: string;
  /** Default 7 days. */
  retentionMs?: number;
  /** Of one app environment, as its spans are written; default 128 MiB. Its oldest traces go first. */
  budgetBytes?: number;
  /** Of one trace; default 2,000. */
  spanLimit?: number;
  /** What the disk is to have left, bytes: old traces go before it is full, since deleting needs room, too. Default 256 MiB. */
  reserveBytes?: number;
  /** Between looks at the disk; default 500. */
  lookEveryMs?: number;
  /** Spans that may wait to be sent on; default 100,000. */
  outboxLimit?: number;
}

const schema = `
  CREATE TABLE IF NOT EXISTS traces (
    id INTEGER PRIMARY KEY,
    trace TEXT NOT NULL,
    app TEXT NOT NULL,
    environment TEXT NOT NULL,
    deployment TEXT,
    -- x-vercel-id of the request, by which people look for it.
    request TEXT,
    name TEXT NOT NULL,
    -- 0: the root; 1: some edge's or server's span; 2: any other.
    name_rank INTEGER NOT NULL,
    start_ms REAL NOT NULL,
    end_ms REAL NOT NULL,
    spans INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    UNIQUE (app, environment, trace)
  );
  CREATE INDEX IF NOT EXISTS traces_by_time ON traces (app, environment, start_ms);
  CREATE INDEX IF NOT EXISTS traces_by_trace ON traces (trace);
  CREATE INDEX IF NOT EXISTS traces_by_request ON traces (request) WHERE request IS NOT NULL;
  CREATE TABLE IF NOT EXISTS spans (
    trace INTEGER NOT NULL REFERENCES traces ON DELETE CASCADE,
    span TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (trace, span)
  ) WITHOUT ROWID;
`;

/** Why spans were not kept → how many. */
export type SpanRefusals = ReadonlyMap<string, number>;

/** Times that the oldest tenth goes for one look at the disk. */
const roomAttempts = 5;

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

function isFull(error: unknown): boolean {
  const { code = "" } = error as { code?: string };
  return code.startsWith("SQLITE_FULL") || code.startsWith("SQLITE_IOERR");
}

interface TraceRow {
  id: number;
  spans: number;
}

/** Traces of all apps, each app environment's apart: an id that two of them use names two traces. */
export class TraceStore {
  /** What is to be sent on. */
  readonly outbox: SpanOutbox;
  private readonly database: Database;
  private readonly retentionMs: number;
  private readonly budgetBytes: number;
  private readonly spanLimit: number;
  private readonly reserveBytes: number;
  private readonly lookEveryMs: number;
  private readonly folder: string;
  private lookedAtMs = Number.NEGATIVE_INFINITY;
  private readonly bytes = new Map<string, number>();

  constructor(options: TraceStoreOptions) {
    this.database = openDatabase(options.path, schema + outboxSchema);
    this.outbox = new SpanOutbox(this.database, options.outboxLimit);
    this.retentionMs = options.retentionMs ?? 7 * 86_400_000;
    this.budgetBytes = options.budgetBytes ?? 128 * 1024 ** 2;
    this.spanLimit = options.spanLimit ?? 2_000;
    this.reserveBytes = options.reserveBytes ?? 256 * 1024 ** 2;
    this.lookEveryMs = options.lookEveryMs ?? 500;
    this.folder = dirname(options.path);
    for (const { app, environment, bytes } of this.database
      .query<TelemetryOwner & { bytes: number }, []>(
        "SELECT app, environment, sum(bytes) AS bytes FROM traces GROUP BY app, environment",
      )
      .all()) {
      this.bytes.set(`${app}/${environment}`, bytes);
    }
  }

  /** Adds spans, whichever come first. @returns how many were not kept, by reason */
  add(owner: TelemetryOwner, deployment: string | undefined, spans: readonly Span[]): SpanRefusals {
    this.keepReserve();
    const known = new Map(this.bytes);
    let tooMany = 0;
    try {
      this.database.transaction(() => {
        for (const span of spans) if (!this.addSpan(owner, deployment, span)) tooMany++;
      })();
      this.keepBudget(owner);
    } catch (error) {
      if (!isFull(error)) throw error;
      for (const [key, bytes] of known) this.bytes.set(key, bytes);
      return new Map([["the disk is full", spans.length]]);
    }
    return new Map(tooMany === 0 ? [] : [[`their trace has ${this.spanLimit} spans`, tooMany]]);
  }

  /** Deletes the oldest tenth of all traces, again and again, while the disk has less left than it should. */
  private keepReserve(): void {
    const nowMs = performance.now();
    if (nowMs - this.lookedAtMs < this.lookEveryMs) return;
    this.lookedAtMs = nowMs;
    try {
      for (let attempt = 0; attempt < roomAttempts && freeBytes(this.folder) < this.reserveBytes; attempt++) {
        const gone = this.database
          .query<TelemetryOwner & { bytes: number }, []>(
            `DELETE FROM traces WHERE id IN (SELECT id FROM traces ORDER BY end_ms LIMIT (SELECT count(*) / 10 + 1 FROM traces))
             RETURNING app, environment, bytes`,
          )
          .all();
        for (const { app, environment, bytes } of gone) this.forget(`${app}/${environment}`, bytes);
        this.database.run("PRAGMA incremental_vacuum");
        this.database.run("PRAGMA wal_checkpoint(TRUNCATE)");
        if (gone.length === 0) return;
        console.error(`telemetry: the disk is nearly full; the oldest ${gone.length} traces are deleted`);
      }
    } catch (error) {
      if (!isFull(error)) throw error;
    }
  }

  private addSpan({ app, environment }: TelemetryOwner, deployment: string | undefined, span: Span): boolean {
    const { traceId, spanId, ...rest } = span;
    const body = JSON.stringify(rest);
    const rank = span.parentId === "" ? 0 : span.kind === "server" ? 1 : 2;
    const request = span.attributes["evenkeel.request_id"];
    const trace = this.database
      .query<TraceRow, (string | number | null)[]>(
        `INSERT INTO traces (trace, app, environment, deployment, request, name, name_rank, start_ms, end_ms, spans, errors, bytes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 0, 0)
         ON CONFLICT (app, environment, trace) DO UPDATE SET
           deployment = coalesce(traces.deployment, excluded.deployment), request = coalesce(traces.request, excluded.request),
           name = CASE WHEN excluded.name_rank < traces.name_rank THEN excluded.name ELSE traces.name END,
           name_rank = min(traces.name_rank, excluded.name_rank),
           start_ms = min(traces.start_ms, excluded.start_ms), end_ms = max(traces.end_ms, excluded.end_ms)
         RETURNING id, spans`,
      )
      .get(
        ...[traceId, app, environment, deployment ?? null, typeof request === "string" ? request : null],
        ...[span.name, rank, span.startMs, span.startMs + span.durationMs],
      )!;
    if (trace.spans >= this.spanLimit) return false;
    const { changes } = this.database
      .query("INSERT OR IGNORE INTO spans (trace, span, body) VALUES (?, ?, ?)")
      .run(trace.id, spanId, body);
    if (changes === 0) return true;
    this.outbox.add({ app, environment }, deployment, span);
    const bytes = body.length + 100;
    this.database
      .query("UPDATE traces SET spans = spans + 1, errors = errors + ?, bytes = bytes + ? WHERE id = ?")
      .run(span.status === "error" ? 1 : 0, bytes, trace.id);
    const key = `${app}/${environment}`;
    this.bytes.set(key, (this.bytes.get(key) ?? 0) + bytes);
    return true;
  }

  /** Spans of a trace, by its id or by the id of its request; of one app environment where an id stands for several. */
  find(id: string): FoundTrace | undefined {
    const found = this.database
      .query<TelemetryOwner & { id: number; trace: string; deployment: string | null }, [string]>(
        `SELECT id, trace, app, environment, deployment FROM traces WHERE trace = ?1 OR request = ?1
         ORDER BY start_ms DESC LIMIT 1`,
      )
      .get(id);
    if (!found) return undefined;
    const { app, environment, deployment, trace: traceId } = found;
    const spans = this.database
      .query<{ span: string; body: string }, [number]>("SELECT span, body FROM spans WHERE trace = ?")
      .all(found.id)
      .map(({ span, body }): Span => ({ traceId, spanId: span, ...JSON.parse(body) }));
    return { traceId, app, environment, deployment, spans };
  }

  /** Newest first; the slowest first where `minDurationMs` is given. */
  list({ app, environment, sinceMs = 0, minDurationMs, errors = false, limit }: TraceQuery): TraceSummary[] {
    return this.database
      .query<TraceSummary, (string | number)[]>(
        `SELECT trace AS traceId, deployment, name, start_ms AS startMs, end_ms - start_ms AS durationMs, spans AS spanCount,
           errors AS errorCount
         FROM traces WHERE app = ? AND environment = ? AND start_ms >= ? AND end_ms - start_ms >= ? AND errors >= ?
         ORDER BY ${minDurationMs === undefined ? "start_ms" : "end_ms - start_ms"} DESC LIMIT ?`,
      )
      .all(app, environment, sinceMs, minDurationMs ?? 0, errors ? 1 : 0, limit);
  }

  /** Forgets an app. */
  remove(app: string): void {
    this.database.run("DELETE FROM traces WHERE app = ?", [app]);
    this.outbox.remove(app);
    for (const key of this.bytes.keys()) if (key.startsWith(`${app}/`)) this.bytes.delete(key);
  }

  /** Removes what is older than the retention. */
  sweep(nowMs: number): void {
    const gone = this.database
      .query<TelemetryOwner & { bytes: number }, [number]>(
        "DELETE FROM traces WHERE end_ms < ? RETURNING app, environment, bytes",
      )
      .all(nowMs - this.retentionMs);
    for (const { app, environment, bytes } of gone) this.forget(`${app}/${environment}`, bytes);
  }

  close(): void {
    this.database.close();
  }

  private keepBudget({ app, environment }: TelemetryOwner): void {
    const key = `${app}/${environment}`;
    while ((this.bytes.get(key) ?? 0) > this.budgetBytes) {
      const gone = this.database
        .query<{ bytes: number }, string[]>(
          `DELETE FROM traces WHERE id IN (SELECT id FROM traces WHERE app = ? AND environment = ? ORDER BY start_ms LIMIT 100)
           RETURNING bytes`,
        )
        .all(app, environment);
      if (gone.length === 0) return;
      for (const { bytes } of gone) this.forget(key, bytes);
    }
  }

  private forget(key: string, bytes: number): void {
    this.bytes.set(key, Math.max(0, (this.bytes.get(key) ?? 0) - bytes));
  }
}
