import { afterAll, beforeAll, expect, test } from "bun:test";
import type { AppName, DeploymentId } from "@evenkeel/model";
import type { TestCluster, TestDatabase } from "@evenkeel/postgres";
import type { Connection } from "../database/connection.ts";
import { Database } from "../database/database.ts";
import { DatabaseUnavailableError } from "../errors.ts";
import { cloneControlDatabase, startControlCluster } from "../testing/test-control.ts";
import { declareSchedules, releaseSchedules } from "./job-store.ts";
import { Scheduler } from "./scheduler.ts";

const limitMs = 180_000;
let cluster: TestCluster;
let cloned: TestDatabase;
let database: Database;
beforeAll(async () => {
  cluster = await startControlCluster();
  cloned = await cloneControlDatabase(cluster);
  database = new Database({ connectionString: cloned.connectionString });
}, limitMs);
afterAll(async () => {
  await database.stop();
  await cloned.drop();
  await cluster.stop();
}, limitMs);

/** mulberry32: the same faults in each run of the test. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The database as a process sees it that is killed at its n-th statement: before it, or with the answer to its commit under way. */
class MortalDatabase {
  private left = Number.POSITIVE_INFINITY;
  private readonly end = Promise.withResolvers<void>();
  readonly died = this.end.promise;
  private answerLost = false;

  dieIn(statements: number): void {
    this.left = statements;
  }

  /** The next commit takes place, but nobody hears of it; all goes on. */
  loseAnswer(): void {
    this.answerLost = true;
  }

  get dead(): boolean {
    return this.left <= 0;
  }

  readonly query: Database["query"] = async (text, parameters) => {
    this.step();
    return database.query(text, parameters);
  };
  readonly publish = () => {};
  readonly progress: Connection = {
    query: (text, parameters) => this.query(text, parameters),
    publish: this.publish,
  };

  async transaction<Result>(work: (connection: Connection) => Promise<Result>): Promise<Result> {
    const result = await database.transaction((connection) =>
      work({
        query: (text, parameters) => {
          this.step();
          return connection.query(text, parameters);
        },
        publish: this.publish,
      }),
    );
    this.step();
    if (this.answerLost) {
      this.answerLost = false;
      throw new DatabaseUnavailableError();
    }
    return result;
  }

  private step(): void {
    this.left--;
    if (!this.dead) return;
    this.end.resolve();
    throw new DatabaseUnavailableError();
  }
}

const minute = 60_000;
const week = 7 * 24 * 60;

test(
  "a week of a job of each minute: two schedulers that are killed anywhere and a clock that is set leave one run of each minute",
  async () => {
    const random = randomOf(20_261_121);
    const startMs = Date.UTC(2026, 2, 2);
    let wallMs = startMs;
    let steadyMs = 0;
    const clock = { wallMs: () => wallMs, steadyMs: () => steadyMs };
    await database.query("INSERT INTO apps (name, id, created_by) VALUES ('shop', 'shop', 'test')");
    await database.query("INSERT INTO environments (app, name) VALUES ('shop', 'production')");
    await database.query(
      `INSERT INTO deployments (id, app, environment, kind, source, source_hash, host, created_by, system_environment)
       VALUES ('abcdefghi', 'shop', 'production', 'prebuilt', '{}', '', 'shop-abcdefghi.localhost', 'test', '{}')`,
    );
    await declareSchedules(database, "abcdefghi" as DeploymentId, [
      {
        ...{ name: "/tick", cron: "* * * * *", timezone: "UTC", path: "/tick", method: "GET" },
        ...{ jitterMinutes: 0, maxDurationS: 60, source: "crons" },
      },
    ]);
    await releaseSchedules(database, "shop" as AppName, "abcdefghi" as DeploymentId, startMs);
    await database.query("UPDATE schedule_jobs SET missed = 'all', overlap = 'allow'");

    const called = new Map<string, number>();
    let kills = 0;
    const start = () => {
      const mortal = new MortalDatabase();
      const scheduler = new Scheduler({
        database: mortal as unknown as Database,
        targets: { of: async () => ({ host: "shop-abcdefghi.localhost", secret: undefined }) },
        caller: {
          call: async (run) => {
            called.set(run.id, (called.get(run.id) ?? 0) + 1);
            return { httpStatus: 200, durationMs: 1 };
          },
        },
        clock,
      });
      return { mortal, scheduler };
    };
    const turn = async (index: number) => {
      const { mortal, scheduler } = schedulers[index]!;
      try {
        while ((await scheduler.round()) === 0);
        await Promise.race([scheduler.settled(), mortal.died]);
      } catch (error) {
        if (!(error instanceof DatabaseUnavailableError)) throw error;
      }
      if (!mortal.dead) return;
      kills++;
      // Nothing of it reaches the database any more.
      await scheduler.stop(0);
      schedulers[index] = start();
    };
    const schedulers = [start(), start()];
    const endMs = startMs + week * minute;
    while (wallMs < endMs) {
      const aheadMs = Math.floor(random() * 30 * minute);
      wallMs = Math.min(endMs, wallMs + aheadMs);
      steadyMs += aheadMs;
      // Set by hand, or by a time server that was away.
      if (random() < 0.02 && wallMs < endMs) wallMs += Math.floor((random() - 0.6) * 20 * minute);
      for (const { mortal } of schedulers) if (random() < 0.1) mortal.dieIn(1 + Math.floor(random() * 30));
      for (const { mortal } of schedulers) if (random() < 0.1) mortal.loseAnswer();
      await Promise.all([turn(0), turn(1)]);
    }
    for (const { mortal } of schedulers) mortal.dieIn(Number.POSITIVE_INFINITY);
    for (let rest = 0; rest < 5; rest++) {
      steadyMs += 10_000;
      await turn(0);
      await turn(1);
    }

    const rows = await database.query<{ id: string; at: Date; state: string; calls: number }>(
      "SELECT id, scheduled_at AS at, state, calls FROM schedule_runs WHERE scheduled_at <= $1 ORDER BY scheduled_at",
      [new Date(endMs)],
    );
    expect(kills).toBeGreaterThan(50);
    expect(rows.map(({ at }) => (at.getTime() - startMs) / minute)).toEqual(
      Array.from({ length: week }, (_, index) => index + 1),
    );
    expect([...new Set(rows.map(({ state }) => state))]).toEqual(["succeeded"]);
    // Each was called with its own id; again only where a killed scheduler could not say how it had ended.
    expect(rows.filter(({ id }) => !called.has(id))).toEqual([]);
    const repeated = [...called.values()].filter((calls) => calls > 1).length;
    expect(repeated).toBeGreaterThan(0);
    expect(repeated).toBeLessThan(week / 10);
  },
  limitMs,
);
