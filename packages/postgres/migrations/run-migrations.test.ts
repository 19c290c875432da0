import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { withSession } from "../client/session.ts";
import { startTestCluster, type TestCluster, type TestDatabase } from "../testing/test-cluster.ts";
import { until } from "../testing/until.ts";
import { readLedger, resolveMigration } from "./ledger.ts";
import type { SqlMigrations } from "./migration-set.ts";
import { migrator } from "./migrator.ts";
import { requireCompatibleSchema } from "./rollback-compatibility.ts";
import { runMigrationCommand } from "./run-command.ts";
import { type MigrationRun, planMigrations, runMigrations } from "./run-migrations.ts";

const limitMs = 120_000;
let cluster: TestCluster;
let database: TestDatabase;
beforeAll(async () => {
  cluster = await startTestCluster({ client_connection_check_interval: "100ms" });
}, limitMs);
afterAll(() => cluster.stop(), limitMs);
beforeEach(async () => {
  database = await cluster.cloneDatabase();
}, limitMs);
afterEach(() => database.drop(), limitMs);

const setOf = (migrations: Record<string, string>, kind: SqlMigrations["kind"] = "sql"): SqlMigrations => ({
  kind,
  folder: "migrations",
  migrations: Object.entries(migrations).map(([name, sql], index) => ({
    name,
    file: `migrations/${name}.sql`,
    sql,
    checksum: createHash("sha256").update(sql).digest("hex"),
    whenMs: index + 1,
  })),
});

const run = (migrations: Record<string, string>, changes: Partial<MigrationRun> = {}) =>
  runMigrations({ connection: database.connectionString, set: setOf(migrations), ...changes });

const query = (text: string) =>
  withSession(database.connectionString, async (client) => (await client.query(text)).rows);

const tables = async () =>
  (
    await query(
      "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1",
    )
  ).map((row) => row.relname);

const approved = async (migrations: Record<string, string>) => {
  const plan = await planMigrations(database.connectionString, setOf(migrations));
  return { approval: { key: plan.approval!.key } };
};

test(
  "each migration runs once, although several runners begin at once",
  async () => {
    const migrations = { "1": "CREATE TABLE a (id int)", "2": "INSERT INTO a VALUES (1)" };
    const ledgers = await Promise.all([run(migrations), run(migrations), run(migrations)]);
    for (const ledger of ledgers) expect(ledger.map(({ name }) => name)).toEqual(["1", "2"]);
    expect(await query("SELECT id FROM a")).toEqual([{ id: 1 }]);
    const lines: number[] = [];
    await run(
      { ...migrations, "3": "\nCREATE TABLE b ();\nCREATE TABLE c ()" },
      { onLog: ({ line }) => lines.push(line) },
    );
    expect(lines).toEqual([2, 3]);
  },
  limitMs,
);

test(
  "a migration that fails half-way leaves nothing of it, those before it stay, and the corrected one runs",
  async () => {
    const failing = run({
      "1": "CREATE TABLE a ()",
      "2": "CREATE TABLE b ();\nCREATE TABLE a ()",
      "3": "CREATE TABLE c ()",
    });
    await expect(failing).rejects.toMatchObject({
      code: "migration_failed",
      message: 'Migration 2 failed at migrations/2.sql:2: relation "a" already exists (CREATE TABLE a ())',
      hint: "Correct it and deploy again. Nothing of this migration was kept.",
    });
    expect(await tables()).toEqual(["a"]);
    await run({ "1": "CREATE TABLE a ()", "2": "CREATE TABLE b ()", "3": "CREATE TABLE c ()" });
    expect(await tables()).toEqual(["a", "b", "c"]);
  },
  limitMs,
);

test(
  "a migration that takes something away needs an approval of just this, and nothing runs without it",
  async () => {
    await run({ "1": "CREATE TABLE a (b int)" });
    const next = {
      "1": "CREATE TABLE a (b int)",
      "2": "CREATE TABLE c ()",
      "3": "ALTER TABLE a DROP COLUMN b",
    };
    await expect(run(next)).rejects.toMatchObject({
      code: "migration_needs_approval",
      message: "Migration 3 (migrations/3.sql:1) is destructive: it drops column b of a",
    });
    await expect(run(next, { approval: { key: "another" } })).rejects.toMatchObject({
      code: "migration_needs_approval",
    });
    expect(await tables()).toEqual(["a"]);
    const plan = await planMigrations(database.connectionString, setOf(next));
    expect(plan.takesAway).toBe(true);
    const ledger = await run(next, { approval: { key: plan.approval!.key } });
    expect(ledger.map(({ name, effect, breaksOldCode }) => [name, effect, breaksOldCode])).toEqual([
      ["1", "additive", false],
      ["2", "additive", false],
      ["3", "destructive", true],
    ]);
  },
  limitMs,
);

test(
  "a lock that somebody holds is waited for in short attempts, and given up with the reason",
  async () => {
    await run({ "1": "CREATE TABLE a ()" });
    const next = { "1": "CREATE TABLE a ()", "2": "ALTER TABLE a ADD COLUMN b int" };
    const holder = new Client({ connectionString: database.connectionString, application_name: "holder" });
    await holder.connect();
    await holder.query("BEGIN; LOCK TABLE a IN ACCESS SHARE MODE");
    await expect(run(next, { lockTimeoutMs: 3_000, lockAttempts: 1 })).rejects.toMatchObject({
      code: "migration_failed",
      hint: expect.stringMatching(/^Held by process \d+ \(holder\), idle in transaction/),
    });
    const patient = run(next, { lockTimeoutMs: 100, lockAttempts: 100 });
    await until("the migration waits for the lock", async () => {
      return (await query("SELECT FROM pg_locks WHERE NOT granted AND relation = 'a'::regclass")).length > 0;
    });
    // Between attempts nobody queues behind it.
    await until("a reader gets through", async () => (await query("SELECT count(*) FROM a")).length === 1);
    await holder.query("COMMIT");
    await holder.end();
    expect(await patient).toHaveLength(2);
  },
  limitMs,
);

test(
  "one that cannot be undone and stops half-way is not run again until somebody says what is the case",
  async () => {
    const migrations = {
      "1": "CREATE TABLE a (b int); INSERT INTO a VALUES (1), (1)",
      "2": "CREATE INDEX CONCURRENTLY c ON a (b);\nCREATE UNIQUE INDEX CONCURRENTLY d ON a (b)",
    };
    await expect(run(migrations)).rejects.toMatchObject({
      message: expect.stringContaining("migrations/2.sql:2"),
    });
    await expect(run(migrations)).rejects.toMatchObject({
      code: "migration_ledger_mismatch",
      message: "Migration 2 stopped half-way",
    });
    await query("DROP INDEX d");
    await withSession(database.connectionString, (client) => resolveMigration(client, "done"));
    expect(await run(migrations)).toHaveLength(2);
  },
  limitMs,
);

test(
  "a file that has run must not change",
  async () => {
    await run({ "1": "CREATE TABLE a ()" });
    await expect(run({ "1": "CREATE TABLE a (b int)" })).rejects.toMatchObject({
      code: "migration_ledger_mismatch",
      hint: expect.stringContaining("new migration"),
    });
  },
  limitMs,
);

test(
  "a runner that is killed leaves neither a half migration nor a lock",
  async () => {
    const { host, port, user, password, database: name } = new Client(database.connectionString);
    const address = { host, port, user: user!, password: password ?? "", database: name! };
    const program = `/tmp/ek-runner-${process.pid}.ts`;
    const request = {
      type: "run",
      ...{ address, approval: "all", set: setOf({ "1": "CREATE TABLE a ();\nSELECT pg_sleep(3600)" }) },
    };
    writeFileSync(
      program,
      `const { migrator } = await import(${JSON.stringify(join(import.meta.dir, "migrator.ts"))});
       await migrator(${JSON.stringify(request)});`,
    );
    const child = Bun.spawn([process.execPath, program], { stdout: "inherit", stderr: "inherit" });
    await until(
      "it sleeps",
      async () => (await query("SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'")).length > 0,
    );
    child.kill("SIGKILL");
    await child.exited;
    rmSync(program);
    const lines: string[] = [];
    const ledger = await migrator(
      { type: "run", address, set: setOf({ "1": "CREATE TABLE b ()" }) },
      { onLog: (text) => lines.push(text) },
    );
    expect(ledger.map((row) => row.name)).toEqual(["1"]);
    expect(lines.join("\n")).toContain("migrations/1.sql:1  CREATE TABLE b ()");
    expect(await tables()).toEqual(["b"]);
  },
  limitMs,
);

test(
  "a first statement outside of transactions that fails leaves nothing, and the corrected migration runs",
  async () => {
    const begin = { "1": "CREATE TABLE a (b int); INSERT INTO a VALUES (1), (1)" };
    await run(begin);
    const unique = { ...begin, "2": "CREATE UNIQUE INDEX CONCURRENTLY d ON a (b)" };
    await expect(run(unique)).rejects.toMatchObject({ code: "migration_failed" });
    expect(await query("SELECT FROM pg_class WHERE relname = 'd'")).toEqual([]);
    expect(await run({ ...begin, "2": "CREATE INDEX CONCURRENTLY d ON a (b)" })).toHaveLength(2);
  },
  limitMs,
);

test(
  "a statement that holds up others is ended in time unless it was approved",
  async () => {
    const begin = { "1": "CREATE TABLE a (b int); INSERT INTO a SELECT generate_series(1, 300000)" };
    await run(begin);
    const next = { ...begin, "2": "ALTER TABLE a ADD COLUMN c int;\nCREATE INDEX d ON a (b)" };
    await expect(run(next, { blockingLimitMs: 2 })).rejects.toMatchObject({
      code: "migration_failed",
      message: expect.stringContaining("migrations/2.sql:2: it held up others for longer than"),
      hint: expect.stringContaining("CONCURRENTLY"),
    });
    expect(await run(next, { ...(await approved(next)), blockingLimitMs: 2 })).toHaveLength(2);
  },
  limitMs,
);

test(
  "an empty database may be filled by whatever it takes",
  async () => {
    const plan = await planMigrations(database.connectionString, setOf({ "1": "DO $$ BEGIN END $$" }));
    expect([plan.approval!.required, plan.takesAway]).toEqual([false, false]);
    await run({ "1": "CREATE TABLE a ()" });
    await expect(run({ "1": "CREATE TABLE a ()", "2": "DO $$ BEGIN END $$" })).rejects.toMatchObject({
      code: "migration_needs_approval",
    });
  },
  limitMs,
);

test(
  "Prisma and Drizzle find in their own ledgers what was run, and what they ran is not run again",
  async () => {
    const prisma = { first: "CREATE TABLE a ()", second: "CREATE TABLE b ()" };
    await run({ first: prisma.first }, { set: setOf({ first: prisma.first }, "prisma") });
    await query(
      "INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name) VALUES ('x', 'x', now(), 'second')",
    );
    await run(prisma, { set: setOf(prisma, "prisma") });
    expect(
      await query(
        "SELECT migration_name AS name, length(checksum) AS sum FROM _prisma_migrations ORDER BY started_at",
      ),
    ).toEqual([
      { name: "first", sum: 64 },
      { name: "second", sum: 1 },
    ]);
    expect(await tables()).toEqual(["_prisma_migrations", "a"]);
    const drizzle = {
      "0000_c": "CREATE TABLE c ();--> statement-breakpoint\nCREATE TABLE d ();",
      "0001_e": "CREATE TABLE e ()",
    };
    await run(drizzle, { set: setOf(drizzle, "drizzle") });
    await run(drizzle, { set: setOf(drizzle, "drizzle") });
    expect(await query("SELECT created_at::int AS at FROM drizzle.__drizzle_migrations ORDER BY id")).toEqual(
      [{ at: 1 }, { at: 2 }],
    );
  },
  limitMs,
);

test(
  "going back to a release before a breaking migration is refused with the way out, before an additive one it is not",
  async () => {
    const known = await run({ "1": "CREATE TABLE a (b int)" });
    const release = { release: "Release v1", migrations: known.map(({ name }) => name) };
    const additive = await run({ "1": "CREATE TABLE a (b int)", "2": "ALTER TABLE a ADD COLUMN c int" });
    requireCompatibleSchema(release, additive);
    const breaking = {
      "1": "CREATE TABLE a (b int)",
      "2": "ALTER TABLE a ADD COLUMN c int",
      "3": "ALTER TABLE a RENAME COLUMN b TO d",
    };
    const ledger = await run(breaking, await approved(breaking));
    const ways = { restore: ({ lsnBefore }: { lsnBefore: string }) => `db restore a --to ${lsnBefore}` };
    expect(() => requireCompatibleSchema(release, ledger, ways)).toThrow(
      expect.objectContaining({
        code: "schema_incompatible",
        hint: expect.stringContaining(`db restore a --to ${ledger[2]!.lsnBefore}`),
      }),
    );
    const newest = { release: "Release v2", migrations: ledger.map(({ name }) => name) };
    expect(() => requireCompatibleSchema(newest, additive)).toThrow("migration 3 is no longer in it");
  },
  limitMs,
);

test(
  "a command of the app's own is judged by what it did to the schema",
  async () => {
    await query("CREATE TABLE a (b int, c int)");
    const command = (name: string, sql: string, code = 0) =>
      runMigrationCommand({
        connection: database.connectionString,
        name,
        run: async () => {
          await query(sql);
          return code;
        },
      });
    await command("dpl1", "ALTER TABLE a ADD COLUMN d int");
    await command("dpl2", "ALTER TABLE a DROP COLUMN c");
    await expect(command("dpl3", "CREATE TABLE e (f int NOT NULL)", 1)).rejects.toMatchObject({
      code: "migration_failed",
    });
    const ledger = () => withSession(database.connectionString, (client) => readLedger(client));
    // One that broke nothing is remembered until the next.
    expect((await ledger()).map(({ name, breaksOldCode }) => [name, breaksOldCode])).toEqual([
      ["dpl2", true],
      ["dpl3", false],
    ]);
    const interrupted = runMigrationCommand({
      ...{ connection: database.connectionString, name: "dpl4" },
      run: async () => {
        await query("ALTER TABLE a DROP COLUMN d");
        throw new Error("control ends");
      },
    });
    await expect(interrupted).rejects.toThrow("control ends");
    await command("dpl5", "SELECT 1");
    expect((await ledger()).map(({ name, breaksOldCode }) => [name, breaksOldCode])).toEqual([
      ["dpl2", true],
      ["dpl5", true],
    ]);
  },
  limitMs,
);
