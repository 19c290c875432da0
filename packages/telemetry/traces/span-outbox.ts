import type { Database } from "bun:sqlite";
import type { Span } from "@evenkeel/model/link/span";
import type { QueuedSpans, TelemetryOwner } from "@evenkeel/model/link/telemetry-protocol";

export const outboxSchema = `
  CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, app TEXT NOT NULL, environment TEXT NOT NULL, deployment TEXT, span TEXT NOT NULL
  );
  -- Who sends spans on, and the number up to which they have them.
  CREATE TABLE IF NOT EXISTS outbox_readers (reader TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
`;

/** What may wait for a receiver that is away, in spans (about 60 MB); then the oldest go, counted. */
const usualLimit = 100_000;

/** Spans that exports have still to send, in the order in which they came; on disk, so that a restart of either side loses none. */
export class SpanOutbox {
  private readers: number;
  private size: number;

  constructor(
    private readonly database: Database,
    private readonly limit = usualLimit,
  ) {
    this.readers = this.one("SELECT count(*) AS value FROM outbox_readers");
    this.size = this.one("SELECT count(*) AS value FROM outbox");
  }

  /** Within the transaction that keeps the span. */
  add({ app, environment }: TelemetryOwner, deployment: string | undefined, span: Span): void {
    if (this.readers === 0) return;
    this.database
      .query("INSERT INTO outbox (app, environment, deployment, span) VALUES (?, ?, ?, ?)")
      .run(app, environment, deployment ?? null, JSON.stringify(span));
    this.size++;
    if (this.size > this.limit)
      this.deleteUpTo(this.one("SELECT min(seq) AS value FROM outbox") + Math.floor(this.limit / 10));
  }

  take(reader: string, after: number, limit: number): QueuedSpans {
    return this.database.transaction((): QueuedSpans => {
      const newest = this.one(
        "SELECT coalesce(max(seq), 0) AS value FROM sqlite_sequence WHERE name = 'outbox'",
      );
      const known = this.database
        .query<{ seq: number }, [string]>("SELECT seq FROM outbox_readers WHERE reader = ?")
        .get(reader);
      // A new reader begins now; a number beyond all is of a database that was lost.
      const from = !known ? newest : after > newest ? 0 : after;
      this.database
        .query("INSERT OR REPLACE INTO outbox_readers (reader, seq) VALUES (?, ?)")
        .run(reader, from);
      if (!known) this.readers++;
      this.deleteUpTo(this.one("SELECT min(seq) AS value FROM outbox_readers"));
      const rows = this.database
        .query<TelemetryOwner & { seq: number; deployment: string | null; span: string }, number[]>(
          "SELECT seq, app, environment, deployment, span FROM outbox WHERE seq > ? ORDER BY seq LIMIT ?",
        )
        .all(from, limit);
      const first = rows[0]?.seq ?? newest + 1;
      return {
        spans: rows.map((row) => ({ ...row, span: JSON.parse(row.span) as Span })),
        seq: rows.at(-1)?.seq ?? newest,
        lost: first - from - 1,
      };
    })();
  }

  /** Forgets an app. */
  remove(app: string): void {
    this.size -= this.database.query("DELETE FROM outbox WHERE app = ?").run(app).changes;
  }

  end(reader: string): void {
    const { changes } = this.database.query("DELETE FROM outbox_readers WHERE reader = ?").run(reader);
    this.readers -= changes;
    this.deleteUpTo(this.one("SELECT coalesce(min(seq), 1e15) AS value FROM outbox_readers"));
  }

  private deleteUpTo(seq: number): void {
    this.size -= this.database.query("DELETE FROM outbox WHERE seq <= ?").run(seq).changes;
  }

  private one(query: string): number {
    return this.database.query<{ value: number }, []>(query).get()!.value;
  }
}
