import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  type AppEnvironment,
  type BranchWish,
  type DatabasesRequest,
  homeLayout,
  parseAppName,
} from "@evenkeel/model";
import type { Client } from "pg";
import { withSession } from "../../client/session.ts";
import { readPostmasterFile } from "../../server/postmaster-file.ts";
import { unsafeSettings } from "../../server/server-settings.ts";
import { until } from "../../testing/until.ts";
import { DatabaseKeeper } from "../database-keeper.ts";
import { stopDatabases } from "../stop-databases.ts";
import { branchDataDir } from "./branch-record.ts";

const limitMs = 180_000;
const app = parseAppName("shop");
const shop: AppEnvironment = { app, environment: "production" };
const limits = { sizeBytes: 10 ** 10, totalBytes: 10 ** 11 };
const idleMs = 1_000;
const roomy = { freeBytes: 10 ** 12, totalBytes: 10 ** 12 };
let disk = roomy;
let folder: string;
let layout: ReturnType<typeof homeLayout>;
let keeper: DatabaseKeeper;

const newKeeper = () =>
  new DatabaseKeeper(layout, { ...unsafeSettings, full_page_writes: true }, { idleMs, disk: () => disk });
const ask = (request: DatabasesRequest) => keeper.answer(request, () => {});

beforeAll(async () => {
  folder = mkdtempSync("/tmp/ek-br-");
  chmodSync(folder, 0o755);
  layout = homeLayout(folder);
  keeper = newKeeper();
  keeper.open();
  await ask({ type: "ensure", appId: "one", ...shop });
  await inProduction(
    "CREATE TABLE users AS SELECT g AS id, g || '@example.org' AS email FROM generate_series(1, 1000) g",
  );
}, limitMs);
afterAll(async () => {
  await keeper.release();
  await stopDatabases(layout);
  rmSync(folder, { recursive: true, force: true });
}, limitMs);

type Row = Record<string, unknown>;
const query = (url: string, text: string): Promise<Row[]> =>
  withSession(url, async (client: Client) => (await client.query(text)).rows as Row[]);

async function inProduction(text: string): Promise<Row[]> {
  const { variables } = await ask({ type: "credentials", ...shop });
  return query(variables!["DATABASE_URL"]!, text);
}

const make = (branch: string, changes: Partial<BranchWish> = {}) =>
  ask({
    type: "branch",
    appId: "one",
    app,
    branch,
    limits,
    parent: { environment: "production" },
    ...changes,
  });

async function urlOf(branch: string): Promise<string> {
  const { variables } = await ask({ type: "branchCredentials", app, branch });
  return variables!["DATABASE_URL"]!;
}

const inBranch = async (branch: string, text: string) => query(await urlOf(branch), text);
const stateOf = async (branch: string) =>
  (await ask({ type: "branches" })).branches!.find((report) => report.branch === branch)?.state;
const count = "SELECT count(*)::int AS users FROM users";
const foldersOfBranches = () => readdirSync(join(layout.postgres, "branches", app));

test(
  "a branch is made once, of what its parent has then, and neither sees what the other does",
  async () => {
    const [first, second] = await Promise.all([make("one"), make("one")]);
    expect(first.branch).toMatchObject({ branch: "one", state: "running", scrubbed: false });
    expect(second.branch!.id).toBe(first.branch!.id);
    await inBranch("one", "DELETE FROM users WHERE id > 10");
    expect((await make("one")).branch!.id).toBe(first.branch!.id);
    expect(await inBranch("one", count)).toEqual([{ users: 10 }]);
    expect(await inProduction(count)).toEqual([{ users: 1_000 }]);
    await expect(query((await urlOf("one")).replace(/app:[^@]+/, "app:wrong"), count)).rejects.toMatchObject({
      code: "28P01",
    });
    // Through the keeper nobody becomes the superuser, as who it connects to its servers.
    await expect(query((await urlOf("one")).replace(/app:[^@]+/, "postgres"), count)).rejects.toMatchObject({
      code: "28000",
    });
    await ask({ type: "removeBranch", app, branch: "one" });
    expect(foldersOfBranches()).toEqual([]);
    await expect(urlOf("one")).rejects.toMatchObject({ code: "branch_unknown" });
    await ask({ type: "removeBranch", app, branch: "one" });
  },
  limitMs,
);

test(
  "a branch sleeps when nobody is connected, and wakes for a connection with all it had",
  async () => {
    await make("sleepy");
    await inBranch(
      "sleepy",
      "CREATE TABLE mine AS SELECT repeat('x', 1000) AS text FROM generate_series(1, 30000)",
    );
    await until("it sleeps", async () => (await stateOf("sleepy")) === "asleep");
    expect(readPostmasterFile(branchDataDir(layout, { app, branch: "sleepy" }))).toBeUndefined();
    // More at once than any buffer on the way, and several that wake it together.
    const answers = await Promise.all([1, 2, 3].map(() => inBranch("sleepy", "SELECT text FROM mine")));
    expect(answers.map((rows) => rows.length)).toEqual([30_000, 30_000, 30_000]);
    // Connected, it does not sleep.
    await withSession(await urlOf("sleepy"), async (client) => {
      await client.query("SELECT pg_sleep(2.5)");
      expect((await client.query("SELECT count(*)::int AS rows FROM mine")).rows).toEqual([{ rows: 30_000 }]);
    });
  },
  limitMs,
);

test(
  "a branch is there for the next keeper, and interrupted ones are not",
  async () => {
    await make("kept");
    await inBranch("kept", "CREATE TABLE mine AS SELECT 7 AS value");
    const pid = readPostmasterFile(branchDataDir(layout, { app, branch: "kept" }))!.pid;
    await keeper.release();
    rmSync(join(layout.postgres, "branches", app, "sleepy", "data"), { recursive: true });
    keeper = newKeeper();
    keeper.open();
    const value = () => inBranch("kept", "SELECT value FROM mine").catch(() => []);
    await until("it answers", async () => (await value())[0]?.["value"] === 7);
    expect(readPostmasterFile(branchDataDir(layout, { app, branch: "kept" }))!.pid).toBe(pid);
    await until("the interrupted one is gone", () => !foldersOfBranches().includes("sleepy"));
    await keeper.release();
    await stopDatabases(layout);
    expect(readPostmasterFile(branchDataDir(layout, { app, branch: "kept" }))).toBeUndefined();
    keeper = newKeeper();
    keeper.open();
    await until("it answers again", async () => (await value())[0]?.["value"] === 7);
  },
  limitMs,
);

test(
  "a point in time can be looked at, a scrubbed copy has no personal data, and one without a parent is empty",
  async () => {
    const [{ now }] = (await inProduction("SELECT clock_timestamp()::text AS now")) as [{ now: string }];
    await inProduction("UPDATE users SET email = 'gone'");
    await make("look", { parent: { environment: "production", to: now } });
    expect(await inBranch("look", "SELECT count(*)::int AS users FROM users WHERE email <> 'gone'")).toEqual([
      { users: 1_000 },
    ]);
    const { branch } = await make("clean", { scrubSql: "UPDATE users SET email = 'user ' || id" });
    expect(branch!.scrubbed).toBe(true);
    expect(await inBranch("clean", "SELECT email FROM users WHERE id = 7")).toEqual([{ email: "user 7" }]);
    const { branch: empty } = await make("empty", { parent: undefined! });
    expect(empty).not.toHaveProperty("parent");
    expect(await inBranch("empty", "SELECT to_regclass('users') AS found")).toEqual([{ found: null }]);
  },
  limitMs,
);

test(
  "what is too large or cannot be scrubbed is refused, and leaves nothing",
  async () => {
    const before = foldersOfBranches();
    const keys = readdirSync(join(layout.keys, "databases"));
    await expect(make("large", { limits: { ...limits, sizeBytes: 1_000 } })).rejects.toMatchObject({
      code: "branch_too_large",
    });
    await expect(make("many", { limits: { ...limits, totalBytes: 50_000_000 } })).rejects.toMatchObject({
      code: "branch_too_large",
    });
    await expect(make("dirty", { scrubSql: "DELETE FROM nothing" })).rejects.toMatchObject({
      code: "branch_scrub_failed",
    });
    await expect(
      make("early", { parent: { environment: "production", to: "2000-01-01T00:00Z" } }),
    ).rejects.toMatchObject({
      code: "recovery_target_invalid",
    });
    expect(foldersOfBranches()).toEqual(before);
    expect(readdirSync(join(layout.keys, "databases"))).toEqual(keys);
    expect(existsSync(join(layout.postgres, "apps", app, "production", "data"))).toBe(true);
  },
  limitMs,
);

test(
  "when the disk is almost full, branches stop and say why, and production goes on",
  async () => {
    await make("writer");
    try {
      disk = { ...roomy, freeBytes: 10 ** 10 };
      // Connected, but that does not keep it.
      await inBranch("writer", "SELECT pg_sleep(120)").catch(() => {});
      await expect(inBranch("writer", "SELECT 1")).rejects.toMatchObject({
        code: "57P03",
        message: expect.stringContaining("almost full"),
      });
      expect(await inProduction(count)).toEqual([{ users: 1_000 }]);
    } finally {
      disk = roomy;
    }
    expect(await inBranch("writer", count)).toEqual([{ users: 1_000 }]);
  },
  limitMs,
);
