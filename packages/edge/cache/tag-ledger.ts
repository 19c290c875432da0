import type { Database } from "bun:sqlite";
import type { TagChanges } from "@evenkeel/model";
import type { SharedGeneration } from "./shared-generation.ts";

/** How tags bear on something made at a certain time. */
export interface TagVerdict {
  /** Stale because of a tag. */
  stale: boolean;
  /** Epoch milliseconds from which it is expired because of a tag; `Infinity`: never. */
  expiresAtMs: number;
}

const untouched: TagVerdict = { stale: false, expiresAtMs: Number.POSITIVE_INFINITY };

interface TagState {
  /** What was made by then is stale. */
  staleMs: number | null;
  /** What was made by then is expired. */
  expiredMs: number | null;
  /** From then on what is stale by `staleMs` is expired. */
  deadlineMs: number | null;
}

/** Epoch milliseconds; at least one of the first two. */
export interface TagMark {
  /** What was made by then is expired. */
  expiredMs?: number;
  /** What was made by then is stale, */
  staleMs?: number;
  /** and from then on expired. */
  deadlineMs?: number;
}

interface TagRow extends TagState {
  scope: string;
  tag: string;
  change: number;
}

interface Scope {
  tags: Map<string, TagState>;
  floorMs: number;
}

const unmarked: TagState = { staleMs: null, expiredMs: null, deadlineMs: null };
const stateColumns = "stale_ms staleMs, expired_ms expiredMs, deadline_ms deadlineMs";

/** Tags of one scope beyond this number are dropped, the oldest half at once, and become a floor. */
const tagLimit = 100_000;

/**
 * Which tags were invalidated when, the same in all edge processes: kept in SQLite, held in memory by scope, and refreshed when the shared
 * generation says so. A commit before the generation changes, a look at the store after it: so an invalidation that was answered is
 * in force everywhere.
 */
export class TagLedger {
  private readonly scopes = new Map<string, Scope>();
  private lastChange = 0;
  /** Changes are known to exist but could not be read. */
  private unread = false;
  /** Grows whenever something changed; a verdict is good as long as it stays. */
  version = 1;

  constructor(
    private readonly database: Database,
    /** The same file opened as durable. */
    private readonly durable: Database,
    private readonly generation: SharedGeneration,
  ) {
    this.lastChange = this.currentChange();
  }

  /** Takes over what other processes changed; to be called before verdicts are used. Costs a nanosecond where nothing did. */
  refresh(): void {
    if (!this.generation.hasChanged() && !this.unread) return;
    try {
      this.readChanges();
    } catch (error) {
      // Requests go on with what is known; the next one looks again.
      if (!this.unread) console.error(`edge: cannot read which cache tags were invalidated: ${error}`);
      this.unread = true;
    }
  }

  /** The verdict for something of `scope` with `tags` that began to be made at `createdMs`. */
  judge(scope: string, tags: readonly string[], createdMs: number): TagVerdict {
    const { tags: states, floorMs } = this.scope(scope);
    if (createdMs < floorMs) return { stale: true, expiresAtMs: 0 };
    let stale = false;
    let expiresAtMs = Number.POSITIVE_INFINITY;
    if (states.size > 0) {
      for (const tag of tags) {
        const state = states.get(tag);
        if (!state) continue;
        const { staleMs, expiredMs, deadlineMs } = state;
        if (expiredMs !== null && expiredMs >= createdMs) expiresAtMs = Math.min(expiresAtMs, expiredMs);
        if (staleMs === null || staleMs < createdMs) continue;
        stale = true;
        if (deadlineMs !== null) expiresAtMs = Math.min(expiresAtMs, deadlineMs);
      }
    }
    return stale || expiresAtMs !== Number.POSITIVE_INFINITY ? { stale, expiresAtMs } : untouched;
  }

  /**
   * Marks `tags` of `scope`, on top of what was marked before: what has expired stays so. Returns when it is in force in every process.
   *
   * @param survive `power_loss`: it is on disk when this returns, as whoever was answered may rely on; `crash`: the operating system has it,
   *   for what only keeps pages of one render together.
   */
  mark(
    scope: string,
    tags: readonly string[],
    mark: TagMark,
    survive: "power_loss" | "crash" = "power_loss",
  ): void {
    if (tags.length === 0) return;
    const database = survive === "power_loss" ? this.durable : this.database;
    database
      .transaction(() => {
        const change = nextChange(database);
        const read = database.query<TagState, [string, string]>(
          `select ${stateColumns} from tags where scope = ? and tag = ?`,
        );
        const write = database.query("insert or replace into tags values (?, ?, ?, ?, ?, ?)");
        for (const tag of tags) {
          const { staleMs, expiredMs, deadlineMs } = combine(
            read.get(scope, tag) ?? unmarked,
            mark,
            Date.now(),
          );
          write.run(scope, tag, staleMs, expiredMs, deadlineMs, change);
        }
      })
      .immediate();
    this.generation.advance();
    this.readChanges();
    if (this.scope(scope).tags.size > tagLimit) this.raiseFloor(scope);
  }

  /** Changes of one scope after `cursor`, for caches elsewhere. */
  changes(scope: string, cursor: number): TagChanges {
    const rows = this.database
      .query<TagRow, [string, number]>(
        `select tag, ${stateColumns}, change from tags where scope = ? and change > ?`,
      )
      .all(scope, cursor);
    return {
      cursor: rows.reduce((highest, row) => Math.max(highest, row.change), cursor),
      tags: rows.map(({ tag, staleMs, expiredMs, deadlineMs }) => ({
        tag,
        ...(staleMs !== null && { staleAtMs: staleMs }),
        // There is one field for both; what is stale by the deadline's mark is made anew anyhow.
        ...((expiredMs ?? deadlineMs) !== null && { expiredAtMs: (expiredMs ?? deadlineMs)! }),
      })),
    };
  }

  /** Forgets everything of a scope that exists no more. */
  remove(scope: string): void {
    this.database.query("delete from tags where scope = ?").run(scope);
    this.database.query("delete from floors where scope = ?").run(scope);
    this.scopes.delete(scope);
  }

  private scope(name: string): Scope {
    const known = this.scopes.get(name);
    if (known) return known;
    const rows = this.database
      .query<TagRow, [string]>(`select tag, ${stateColumns} from tags where scope = ?`)
      .all(name);
    const floor = this.database
      .query<{ floor_ms: number }, [string]>("select floor_ms from floors where scope = ?")
      .get(name);
    const scope: Scope = {
      tags: new Map(rows.map(({ tag, ...state }) => [tag, state])),
      floorMs: floor?.floor_ms ?? 0,
    };
    this.scopes.set(name, scope);
    return scope;
  }

  private readChanges(): void {
    const rows = this.database
      .query<TagRow, [number]>(`select scope, tag, ${stateColumns}, change from tags where change > ?`)
      .all(this.lastChange);
    const floors = this.database
      .query<{ scope: string; change: number }, [number]>("select scope, change from floors where change > ?")
      .all(this.lastChange);
    for (const { scope, tag, change, ...state } of rows) {
      this.scopes.get(scope)?.tags.set(tag, state);
      this.lastChange = Math.max(this.lastChange, change);
    }
    for (const { scope, change } of floors) {
      this.scopes.delete(scope);
      this.lastChange = Math.max(this.lastChange, change);
    }
    this.unread = false;
    this.version++;
  }

  private currentChange(): number {
    return this.database.query<{ value: number }, []>("select value from changes").get()!.value;
  }

  /** Drops the older half of a scope's tags; what was made before the newest of them counts as expired. */
  private raiseFloor(scope: string): void {
    this.database
      .transaction(() => {
        const middle = this.database
          .query<{ change: number }, [string, number]>(
            "select change from tags where scope = ? order by change limit 1 offset ?",
          )
          .get(scope, tagLimit / 2);
        if (!middle) return;
        const newest = this.database
          .query<{ ms: number | null }, [string, number]>(
            "select max(max(coalesce(stale_ms, 0), coalesce(expired_ms, 0))) ms from tags where scope = ? and change <= ?",
          )
          .get(scope, middle.change);
        const floorMs = Math.min(Date.now(), newest?.ms ?? 0);
        this.database
          .query(
            "insert into floors values (?, ?, ?) on conflict do update set floor_ms = max(floor_ms, excluded.floor_ms), change = excluded.change",
          )
          .run(scope, floorMs, nextChange(this.database));
        this.database.query("delete from tags where scope = ? and change <= ?").run(scope, middle.change);
      })
      .immediate();
    this.generation.advance();
    this.readChanges();
  }
}

const nextChange = (database: Database): number =>
  database.query<{ value: number }, []>("update changes set value = value + 1 returning value").get()!.value;

/** A tag's state after another mark. Pure; never takes back an expiry. */
export function combine(before: TagState, mark: TagMark, nowMs: number): TagState {
  const passed = before.deadlineMs !== null && before.deadlineMs <= nowMs;
  return {
    staleMs: latest(before.staleMs, mark.staleMs ?? null),
    expiredMs: latest(latest(before.expiredMs, mark.expiredMs ?? null), passed ? before.staleMs : null),
    // Of two deadlines to come the earlier one holds for all: some things are made anew sooner than they must be.
    deadlineMs: earliest(passed ? null : before.deadlineMs, mark.deadlineMs ?? null),
  };
}

const latest = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.max(one, other);
const earliest = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.min(one, other);
