import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AppEnvironment, type DatabasesRequest, homeLayout, parseAppName } from "@evenkeel/model";
import { Client } from "pg";
import { withSession } from "../client/session.ts";
import { readPostmasterFile } from "../server/postmaster-file.ts";
import { unsafeSettings } from "../server/server-settings.ts";
import { until } from "../testing/until.ts";
import { DatabaseKeeper } from "./database-keeper.ts";
import { databasePlace } from "./database-place.ts";
import { readRecords } from "./database-record.ts";
import { stopDatabases } from "./stop-databases.ts";

const limitMs = 180_000;
const shop: AppEnvironment = { app: parseAppName("shop"), environment: "production" };
let folder: string;
let layout: ReturnType<typeof homeLayout>;
let keeper: DatabaseKeeper;
beforeEach(async () => {
  folder = mkdtempSync("/tmp/ek-pt-");
  chmodSync(folder, 0o755);
  layout = homeLayout(folder);
  keeper = newKeeper();
  await ask({ type: "ensure", appId: "one", ...shop });
}, limitMs);
afterEach(async () => {
  await keeper.release();
  await stopDatabases(layout);
  rmSync(folder, { recursive: true, force: true });
}, limitMs);

const newKeeper = () => new DatabaseKeeper(layout, { ...unsafeSettings, full_page_writes: true });
const ask = (request: DatabasesRequest) => keeper.answer(request, () => {});
const place = () => databasePlace(layout, readRecords(layout)[0]!);
const report = async () => (await ask({ type: "list" })).databases![0]!;

async function address(): Promise<string> {
  return (await ask({ type: "credentials", ...shop })).variables!["DATABASE_URL"]!;
}

async function query(text: string): Promise<Record<string, unknown>[]> {
  return withSession(await address(), async (client) => (await client.query(text)).rows);
}

/** Commits one row after the other, some 200 a second in all, and notes those that were acknowledged. */
function startWriters(connectionString: string) {
  const acknowledged: number[] = [];
  let next = 0;
  let writing = true;
  const writer = async () => {
    const client = new Client({ connectionString });
    // The server is killed under it.
    client.on("error", () => {});
    try {
      await client.connect();
      while (writing) {
        const id = next++;
        await client.query("INSERT INTO rows VALUES ($1)", [id]);
        acknowledged.push(id);
        await Bun.sleep(15);
      }
    } catch {
      // Not acknowledged.
    } finally {
      await client.end().catch(() => {});
    }
  };
  const writers = Promise.all(Array.from({ length: 4 }, writer));
  return {
    acknowledged,
    async end() {
      writing = false;
      await writers;
    },
  };
}

test(
  "with zero loss no acknowledged commit is lost with the data directory: the keeper makes it anew from archive and spool",
  async () => {
    const { database } = await ask({ type: "setTerms", terms: { zeroLoss: true }, ...shop });
    expect(database!.terms.zeroLoss).toBe(true);
    await query("CREATE TABLE rows (id int PRIMARY KEY)");
    const writers = startWriters(await address());
    await until("rows are acknowledged", () => writers.acknowledged.length >= 200);
    const { dataDir } = place();
    const { pid } = readPostmasterFile(dataDir)!;
    // Away in one step, then the server that still has it open.
    renameSync(dataDir, join(folder, "lost"));
    process.kill(pid, "SIGKILL");
    await writers.end();
    await until("it serves again", () => query("SELECT 1").then(Boolean, () => false), 60_000);
    const kept = new Set((await query("SELECT id FROM rows")).map(({ id }) => id));
    expect(writers.acknowledged.filter((id) => !kept.has(id))).toEqual([]);
    // What was promised is in force again, and on the new timeline the archive goes on.
    await query("INSERT INTO rows VALUES (-1)");
    expect((await ask({ type: "restore", to: "latest", ...shop })).restored!.timeline).toBeGreaterThan(2);
    expect(await query("SELECT count(*)::int FROM rows WHERE id = -1")).toEqual([{ count: 1 }]);
    expect((await report()).terms.zeroLoss).toBe(true);
  },
  limitMs,
);

test(
  "a data directory that is gone when the keeper starts is restored, never begun anew empty",
  async () => {
    await query("CREATE TABLE rows AS SELECT g AS id FROM generate_series(1, 100) g");
    const writtenMs = Date.now();
    // WAL that is sent later says how far the earlier has come; an idle server does it once a minute.
    await query("CREATE TABLE later ()");
    await until("it is archived", async () => ((await report()).archivedToMs ?? 0) > writtenMs);
    await keeper.release();
    await stopDatabases(layout);
    rmSync(place().dataDir, { recursive: true });
    keeper = newKeeper();
    keeper.open();
    await until("it runs", async () => (await report()).state === "running", 60_000);
    expect(await query("SELECT count(*)::int FROM rows")).toEqual([{ count: 100 }]);
  },
  limitMs,
);

test(
  "a schedule that is set is shown, survives the keeper, and decides what falls due; nonsense changes nothing",
  async () => {
    const schedule = ["weekly Sunday 01:00 UTC, 12 weeks", "daily 02:30 UTC, 30 days", "continuous, 3 days"];
    await ask({ type: "setTerms", terms: { schedule }, ...shop });
    const refused = [
      ["continuous, 3 days"],
      ["daily 02:00 UTC, 1 day", "daily 03:00 UTC, 1 day"],
      ["hourly"],
    ];
    for (const wrong of refused) {
      await expect(ask({ type: "setTerms", terms: { schedule: wrong }, ...shop })).rejects.toMatchObject({
        code: "invalid_value",
      });
    }
    await keeper.release();
    keeper = newKeeper();
    keeper.open();
    expect((await report()).terms).toMatchObject({ schedule, zeroLoss: false, upkeep: [] });
    expect(new Date((await report()).nextBackupMs).toISOString()).toMatch(/T0[12]:[03]0:00/);
    // The daily one that was there answers for thirty days, not for twelve weeks.
    await until("the weekly one is taken", async () => {
      const { backups } = await ask({ type: "backups", ...shop });
      return backups!.map(({ label }) => label).join() === "daily,weekly";
    });
  },
  limitMs,
);

test(
  "upkeep runs its statements outside a transaction as the app's role, logs what came of it, and makes up for a missed time once",
  async () => {
    await query("CREATE TABLE sessions AS SELECT g AS id FROM generate_series(1, 50) g");
    await query("CREATE INDEX by_id ON sessions (id)");
    const upkeep = [
      {
        name: "index",
        when: "weekly Sunday 04:00 UTC",
        sql: "REINDEX TABLE CONCURRENTLY sessions; ANALYZE sessions;",
      },
      { name: "clean", when: "daily 03:00 UTC", sql: "DELETE FROM sessions WHERE id <= 20" },
      {
        name: "wrong",
        when: "daily 03:00 UTC",
        sql: "ANALYZE sessions; DROP TABLE nothing; DELETE FROM sessions",
      },
    ];
    await ask({ type: "setTerms", terms: { upkeep }, ...shop });
    const run = async (task: string) => (await ask({ type: "runUpkeep", task, ...shop })).upkeep![0]!;
    expect(await run("index")).toMatchObject({ task: "index", statements: 2 });
    expect(await run("clean")).toMatchObject({ statements: 1, rows: 20 });
    expect(await run("wrong")).toMatchObject({ statements: 1, error: expect.stringContaining("nothing") });
    expect(await query("SELECT count(*)::int FROM sessions")).toEqual([{ count: 30 }]);
    await expect(run("none")).rejects.toMatchObject({ code: "invalid_value" });
    for (const sql of ["SELEC 1", "", "-- nothing"]) {
      const tasks = [{ name: "bad", when: "daily 03:00 UTC", sql }];
      await expect(ask({ type: "setTerms", terms: { upkeep: tasks }, ...shop })).rejects.toMatchObject({
        code: "invalid_value",
      });
    }
    const [{ statement } = { statement: "" }] = (await ask({ type: "statements", ...shop })).statements!;
    expect(statement).not.toBe("");

    // As if the machine had been off since two days ago; a line that cannot be read counts for nothing.
    await keeper.release();
    const log = join(place().folder, "upkeep.ndjson");
    const old = Date.now() - 2 * 86_400_000;
    const lines = readFileSync(log, "utf8").replaceAll(/"startedMs":\d+/g, `"startedMs":${old}`);
    writeFileSync(log, `${lines}{"task":"cle`);
    keeper = newKeeper();
    keeper.open();
    const runs = async () => (await ask({ type: "upkeepRuns", ...shop })).upkeep!;
    const again = async () =>
      (await runs()).filter(({ task, startedMs }) => task === "clean" && startedMs > old);
    await until("the missed run is made up for", async () => (await again()).length > 0);
    expect(await again()).toMatchObject([{ statements: 1, rows: 0 }]);
  },
  limitMs,
);
