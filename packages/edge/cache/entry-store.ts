import type { Database } from "bun:sqlite";

/** Something cached, as bytes. */
export interface StoredEntry {
  /** Epoch milliseconds at which it began to be made. */
  createdMs: number;
  /** Epoch milliseconds; null: never by time. */
  staleMs: number | null;
  expiresMs: number | null;
  tags: string[];
  /** Whatever its owner wants to know of it. */
  meta: string;
  bytes: Uint8Array;
}

interface Row {
  id: number;
  created_ms: number;
  stale_ms: number | null;
  expires_ms: number | null;
  used_ms: number;
  tags: string;
  meta: string;
  bytes: Uint8Array;
}

/** The time of last use is only kept to the hour: a read shall not become a write. */
const useGrainMs = 3_600_000;
/** After so many writes the size of the store is looked at. */
const writesBetweenSweeps = 64;

/**
 * Entries of all edge processes on disk, the least recently used ones dropped above a limit. A cache must never fail a request: what cannot
 * be read is missing, what cannot be written is lost, and the log says so.
 */
export class EntryStore {
  private writes = 0;
  private complainedAtMs = 0;

  constructor(
    private readonly database: Database,
    /** Sum of the entries' bytes. */
    private readonly limitBytes: number,
  ) {}

  get(scope: string, key: string): StoredEntry | undefined {
    return this.attempt(undefined, () => {
      const row = this.database
        .query<Row, [string, string]>("select * from entries where scope = ? and key = ?")
        .get(scope, key);
      if (!row) return undefined;
      const nowMs = Date.now();
      if (nowMs - row.used_ms > useGrainMs) {
        this.database.query("update entries set used_ms = ? where id = ?").run(nowMs, row.id);
      }
      return {
        createdMs: row.created_ms,
        staleMs: row.stale_ms,
        expiresMs: row.expires_ms,
        tags: JSON.parse(row.tags) as string[],
        meta: row.meta,
        bytes: row.bytes,
      };
    });
  }

  /** When the entry that is there began to be made; costs a tenth of reading it. */
  createdMs(scope: string, key: string): number | undefined {
    return this.attempt(undefined, () => {
      const row = this.database
        .query<{ ms: number }, [string, string]>(
          "select created_ms ms from entries where scope = ? and key = ?",
        )
        .get(scope, key);
      return row?.ms;
    });
  }

  /** Keeps `entry` unless a newer one is there already. */
  put(scope: string, key: string, entry: StoredEntry): void {
    this.attempt(undefined, () => {
      this.database
        .query(`
          insert into entries (scope, key, created_ms, stale_ms, expires_ms, used_ms, size_bytes, tags, meta, bytes)
          values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          on conflict (scope, key) do update set created_ms = excluded.created_ms, stale_ms = excluded.stale_ms,
            expires_ms = excluded.expires_ms, used_ms = excluded.used_ms, size_bytes = excluded.size_bytes,
            tags = excluded.tags, meta = excluded.meta, bytes = excluded.bytes
          where excluded.created_ms >= entries.created_ms`)
        .run(
          scope,
          key,
          entry.createdMs,
          entry.staleMs,
          entry.expiresMs,
          Date.now(),
          entry.bytes.length + entry.meta.length + key.length,
          JSON.stringify(entry.tags),
          entry.meta,
          entry.bytes,
        );
      if (++this.writes % writesBetweenSweeps === 0) this.sweep();
    });
  }

  delete(scope: string, key: string): void {
    this.attempt(undefined, () => {
      this.database.query("delete from entries where scope = ? and key = ?").run(scope, key);
    });
  }

  removeScope(scope: string): void {
    this.attempt(undefined, () => {
      this.database.query("delete from entries where scope = ?").run(scope);
    });
  }

  /**
   * Takes the right to make `key` again; false while another process has it.
   *
   * @param limitMs when it ends by itself, for a process that died.
   */
  claim(key: string, limitMs: number): boolean {
    return this.attempt(true, () => {
      const nowMs = Date.now();
      const { changes } = this.database
        .query(
          "insert into claims values (?, ?) on conflict do update set until_ms = excluded.until_ms where until_ms <= ?",
        )
        .run(key, nowMs + limitMs, nowMs);
      return changes > 0;
    });
  }

  /** Gives it back. @param againAfterMs nobody shall try before; default 0. */
  release(key: string, againAfterMs = 0): void {
    this.attempt(undefined, () => {
      if (againAfterMs === 0) this.database.query("delete from claims where key = ?").run(key);
      else {
        this.database
          .query("update claims set until_ms = ? where key = ?")
          .run(Date.now() + againAfterMs, key);
      }
    });
  }

  private sweep(): void {
    const nowMs = Date.now();
    this.database.query("delete from claims where until_ms < ?").run(nowMs - 60_000);
    this.database.query("delete from entries where expires_ms < ?").run(nowMs);
    const { total } = this.database
      .query<{ total: number | null }, []>("select sum(size_bytes) total from entries")
      .get()!;
    let excess = (total ?? 0) - this.limitBytes;
    if (excess <= 0) return;
    // A tenth more than needed, so that a full store is not swept at every turn.
    excess += this.limitBytes / 10;
    const oldest = this.database.query<{ id: number; size_bytes: number }, []>(
      "select id, size_bytes from entries order by used_ms, id",
    );
    const victims: number[] = [];
    for (const { id, size_bytes } of oldest.iterate()) {
      if (excess <= 0) break;
      victims.push(id);
      excess -= size_bytes;
    }
    const remove = this.database.query("delete from entries where id = ?");
    this.database
      .transaction(() => {
        for (const id of victims) remove.run(id);
      })
      .immediate();
  }

  private attempt<Result>(otherwise: Result, action: () => Result): Result {
    try {
      return action();
    } catch (error) {
      const nowMs = performance.now();
      if (nowMs - this.complainedAtMs > 60_000 || this.complainedAtMs === 0) {
        this.complainedAtMs = nowMs;
        console.error(`edge: the cache on disk does not work, going on without it: ${error}`);
      }
      return otherwise;
    }
  }
}
