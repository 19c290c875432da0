import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeploymentId } from "@evenkeel/model";
import { AppCluster, type TestCluster, unsafeSettings } from "@evenkeel/postgres";
import { withSession } from "@evenkeel/postgres/client/session";
import { freePort } from "@evenkeel/postgres/testing/free-port";
import { Client } from "pg";
import type { Deployment } from "../client/index.ts";
import { buildLogText } from "../testing/build-log-text.ts";
import { startControlCluster, TestControl } from "../testing/test-control.ts";
import { until } from "../testing/until.ts";

/** An app whose database is elsewhere: a cluster that the keeper does not know. */
const limitMs = 120_000;
let cluster: TestCluster;
let elsewhere: AppCluster;
let folder: string;
let url: string;
let control: TestControl;
beforeAll(async () => {
  cluster = await startControlCluster();
  folder = mkdtempSync(join(tmpdir(), "ek-else-"));
  Bun.spawnSync(["chmod", "711", folder]);
  elsewhere = new AppCluster({
    ...{
      name: "elsewhere",
      dataDir: join(folder, "data"),
      socketDir: join(folder, "s"),
      password: "secret-word",
    },
    ...{ port: await freePort(), settings: unsafeSettings },
  });
  await elsewhere.start();
  url = elsewhere.environment()["DATABASE_URL"]!;
}, limitMs);
afterAll(async () => {
  await elsewhere?.stop("immediate");
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
}, limitMs);
beforeEach(async () => {
  await query("DROP SCHEMA IF EXISTS evenkeel CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public");
}, limitMs);
afterEach(() => control?.stop(), limitMs);

const begin = async (options: { apart?: boolean } = {}) => {
  control = await TestControl.start(cluster, options);
};

const query = (text: string) =>
  withSession(url, async (client) => {
    const result = await client.query(text);
    return [result].flat().at(-1)!.rows;
  });

const columns = async () =>
  (
    await query(
      "SELECT table_name || '.' || column_name AS name FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1",
    )
  ).map(({ name }) => name);

const deploy = (migrations: Record<string, string>, more: Parameters<TestControl["deploy"]>[1] = {}) =>
  control.deploy("shop", {
    files: Object.fromEntries(
      Object.entries(migrations).map(([name, sql]) => [`migrations/${name}.sql`, sql]),
    ),
    variables: { DATABASE_URL: url },
    ...more,
  });

const log = ({ id, app }: Pick<Deployment, "id" | "app">) =>
  buildLogText(control.layout, app, id as DeploymentId);

const where = { app: "shop", environment: "production" } as const;
const live = () => control.edge.answering("shop.localhost");
const outcome = ({ state, error }: Deployment) => ({ state, error });
const released = { state: "ready" as const, error: undefined };
const first = { "1_users": "CREATE TABLE users (id int, email text)" };

test(
  "migrations run once, before the code is released, and are told in the log without the password",
  async () => {
    await begin();
    const one = await deploy({ ...first, "2_name": "ALTER TABLE users ADD COLUMN name text" });
    expect(outcome(one)).toEqual(released);
    expect(await columns()).toEqual(["users.email", "users.id", "users.name"]);
    expect(log(one)).toContain("migrations/2_name.sql:1  ALTER TABLE users ADD COLUMN name text");
    expect(log(one)).not.toContain("secret-word");
    const two = await deploy({ ...first, "2_name": "ALTER TABLE users ADD COLUMN name text" });
    expect(outcome(two)).toEqual(released);
    expect(log(two)).toContain("Database: all 2 migrations of migrations have run");
    const report = await control.client().getMigrations(where);
    expect(report).toMatchObject({
      deployment: two.id,
      database: "external",
      kind: "sql",
      folder: "migrations",
    });
    expect(report.migrations.map(({ name, state, effect }) => [name, state, effect])).toEqual([
      ["1_users", "applied", "additive"],
      ["2_name", "applied", "additive"],
    ]);
    const client = control.client();
    await client.setVariables({
      app: "shop",
      environments: ["production"],
      variables: { DATABASE_URL: url },
    });
    const listed = await client.listDatabases({ app: "shop" });
    expect(listed.external).toMatchObject([
      {
        environment: "production",
        state: "external",
        variable: "DATABASE_URL",
        host: "127.0.0.1",
        database: "app",
      },
    ]);
    expect(JSON.stringify(listed)).not.toContain("secret-word");
  },
  limitMs,
);

test(
  "of two statements one takes something away: neither runs until somebody approves exactly these, for one run",
  async () => {
    await begin();
    const old = await deploy(first);
    const next = {
      ...first,
      "2_split": "ALTER TABLE users ADD COLUMN name text;\nALTER TABLE users DROP COLUMN email",
    };
    const refused = await deploy(next);
    expect(refused.error).toMatchObject({
      code: "migration_needs_approval",
      message: "Migration 2_split (migrations/2_split.sql:2) is destructive: it drops column email of users",
      hint: expect.stringContaining("evenkeel db approve shop 2_split"),
    });
    expect(refused.steps.map(({ name, state }) => `${name} ${state}`)).toContain("migrate failed");
    expect(live()).toBe(old.id);
    expect(await columns()).toEqual(["users.email", "users.id"]);

    // New variables for what is live bring a deployment, too; what waits is still the newer source's.
    const client = control.client();
    await client.setVariables({ app: "shop", environments: ["production"], variables: { COLOUR: "blue" } });
    const [derived] = (await client.listDeployments({ app: "shop" })).deployments;
    expect(derived!.id).not.toBe(refused.id);
    expect(outcome(await control.finished(derived!.id))).toEqual(released);
    const { approval, deployment } = await client.getMigrations(where);
    expect(deployment).toBe(refused.id);
    expect(approval).toMatchObject({ required: true, migrations: ["2_split"] });
    await expect(client.approveMigrations({ ...where, key: "0".repeat(32) })).rejects.toMatchObject({
      code: "migrations_changed",
    });
    await client.approveMigrations({ ...where, key: approval!.key, reason: "moved to profiles" });
    const { entries } = await client.listAudit({ app: "shop" });
    expect(entries[0]).toMatchObject({
      ...{ who: "admin", action: "migration.approve", object: "2_split" },
      detail: { key: approval!.key, reason: "moved to profiles" },
    });
    const other = await deploy({ ...next, "2_split": `${next["2_split"]}, DROP COLUMN id` });
    expect(other.error?.code).toBe("migration_needs_approval");
    const done = await deploy(next);
    expect(outcome(done)).toEqual(released);
    expect(log(done)).toContain("Approved by admin");
    // It is said either way what there is to go back to.
    expect(log(done)).toMatch(/The external database is dumped to|No backup is taken, since pg_dump/);
    expect(await columns()).toEqual(["users.id", "users.name"]);

    // Somebody sets the database back: what was taken away is not taken away again unasked.
    await query("DELETE FROM evenkeel.migrations WHERE name = '2_split'; ALTER TABLE users DROP COLUMN name");
    await query("ALTER TABLE users ADD COLUMN email text");
    expect((await deploy(next)).error?.code).toBe("migration_needs_approval");
  },
  limitMs,
);

test(
  "one that fails half-way leaves the database and what is live as they were, and the corrected one runs",
  async () => {
    await begin();
    const old = await deploy(first);
    const failed = await deploy({
      ...first,
      "2_orders": "CREATE TABLE orders (id int);\n\nCREATE TABLE users (id int)",
    });
    expect(failed.error).toEqual({
      code: "migration_failed",
      message:
        'Migration 2_orders failed at migrations/2_orders.sql:3: relation "users" already exists (CREATE TABLE users (id int))',
      hint: "Correct it and deploy again. Nothing of this migration was kept.",
    });
    expect(live()).toBe(old.id);
    expect(await columns()).toEqual(["users.email", "users.id"]);
    expect(outcome(await deploy({ ...first, "2_orders": "CREATE TABLE orders (id int)" }))).toEqual(released);
    expect(await columns()).toContain("orders.id");
  },
  limitMs,
);

test(
  "a migration that cannot be rolled back and stopped half-way is told, until somebody says what is the case",
  async () => {
    await begin();
    const filled = { "1": "CREATE TABLE a (b int); INSERT INTO a VALUES (1), (1)" };
    await deploy(filled);
    const next = {
      ...filled,
      "2": "CREATE INDEX CONCURRENTLY c ON a (b);\nCREATE UNIQUE INDEX CONCURRENTLY d ON a (b)",
    };
    expect((await deploy(next)).error?.message).toContain("migrations/2.sql:2");
    expect((await deploy(next)).error?.code).toBe("migration_ledger_mismatch");
    const client = control.client();
    const report = await client.getMigrations(where);
    expect(report.problem?.message).toBe("Migration 2 stopped half-way");
    expect(report.migrations.at(-1)).toMatchObject({ name: "2", state: "half-way" });
    await query("DROP INDEX c; DROP INDEX d");
    expect(await client.resolveMigrations({ ...where, outcome: "undone" })).toEqual({ migrations: ["2"] });
    expect(outcome(await deploy({ ...next, "2": "CREATE INDEX CONCURRENTLY c ON a (b)" }))).toEqual(released);
  },
  limitMs,
);

test(
  "a release that does not know the schema is not brought back, unless somebody says so with a reason",
  async () => {
    await begin();
    const client = control.client();
    const one = await deploy(first);
    const drop = { ...first, "2_drop": "ALTER TABLE users DROP COLUMN email" };
    await deploy(drop);
    await client.approveMigrations({ ...where, key: (await client.getMigrations(where)).approval!.key });
    const two = await deploy(drop);
    expect(outcome(two)).toEqual(released);
    const three = await deploy({ ...drop, "3_more": "ALTER TABLE users ADD COLUMN age int" });
    // Over what was only added one may go back.
    await client.rollback({ app: "shop" });
    expect(live()).toBe(two.id);
    await expect(client.rollback({ app: "shop", version: 1 })).rejects.toMatchObject({
      code: "schema_incompatible",
      message: `Deployment ${one.id} cannot run on the database as it is: migration 2_drop took away what it may need`,
      hint: expect.stringContaining("evenkeel rollback shop --to v3."),
    });
    expect(live()).toBe(two.id);
    const older = await deploy(first);
    expect(older.error).toMatchObject({
      code: "schema_incompatible",
      message: expect.stringContaining("migration 2_drop"),
    });
    await expect(client.rollback({ app: "shop", version: 1, ignoreSchema: true })).rejects.toMatchObject({
      code: "reason_missing",
    });
    await client.rollback({ app: "shop", version: 1, ignoreSchema: true, reason: "nobody reads email" });
    expect(live()).toBe(one.id);
    const { entries } = await client.listAudit({ app: "shop" });
    expect(entries[0]).toMatchObject({
      action: "release.rollback",
      detail: { reason: "nobody reads email", ignoredMigrations: ["2_drop"] },
    });
    expect(three.state).toBe("ready");
  },
  limitMs,
);

test(
  "after control was killed amid a migration nothing of it is there, and the next one runs it once",
  async () => {
    await begin({ apart: true });
    const holder = new Client(url);
    await holder.connect();
    try {
      await holder.query("SELECT pg_advisory_lock(42)");
      await control.client().ensureApp({ app: "shop" });
      const upload = await control.upload("shop", "x", false, {
        "migrations/1.sql":
          "CREATE TABLE a (b int);\nINSERT INTO a VALUES (1);\nSELECT pg_advisory_xact_lock(42);\nINSERT INTO a VALUES (2)",
      });
      const wish = { kind: "prebuilt", environment: "production", variables: { DATABASE_URL: url } } as const;
      const { id } = await control.client().createDeployment({ app: "shop", upload, ...wish });
      const waits = async () =>
        (await query("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = 42"))
          .length > 0;
      await until("the migration waits", waits);
      await control.killProcess();
      await until("its transaction is gone", async () => !(await waits()));
      expect(await columns()).toEqual([]);
      await control.startProcess();
      await until("the migration waits again", waits);
      await holder.query("SELECT pg_advisory_unlock(42)");
      expect(outcome(await control.finished(id))).toEqual(released);
      expect(await query("SELECT b FROM a ORDER BY b")).toEqual([{ b: 1 }, { b: 2 }]);
      expect(await query("SELECT name FROM evenkeel.migrations")).toEqual([{ name: "1" }]);
    } finally {
      await holder.end();
    }
  },
  limitMs,
);

test(
  "a deployment that is cancelled amid a migration leaves nothing of it, and the next one does not wait for it",
  async () => {
    await begin();
    const holder = new Client(url);
    await holder.connect();
    try {
      await holder.query("SELECT pg_advisory_lock(43)");
      await control.client().ensureApp({ app: "shop" });
      const upload = await control.upload("shop", "x", false, {
        "migrations/1.sql": "CREATE TABLE a (b int);\nSELECT pg_advisory_xact_lock(43)",
      });
      const wish = { kind: "prebuilt", environment: "production", variables: { DATABASE_URL: url } } as const;
      const { id } = await control.client().createDeployment({ app: "shop", upload, ...wish });
      await until("the migration waits", async () => {
        const waiting = await query(
          "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = 43",
        );
        return waiting.length > 0;
      });
      expect((await control.client().cancelDeployment({ deployment: id })).state).toBe("cancelled");
      expect(outcome(await deploy({ "1": "CREATE TABLE c (d int)" }))).toEqual(released);
      expect(await columns()).toEqual(["c.d"]);
    } finally {
      await holder.end();
    }
  },
  limitMs,
);
