import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { startTestCluster, type TestCluster, type TestDatabase } from "@evenkeel/postgres";
import { until } from "../testing/until.ts";
import { Database } from "./database.ts";
import { type Migration, migrate, migrationsFolder, readMigrations } from "./migrate.ts";

const limitMs = 60_000;
let cluster: TestCluster;
let clone: TestDatabase;
let database: Database;
beforeAll(async () => {
  cluster = await startTestCluster();
}, limitMs);
afterAll(() => cluster.stop(), limitMs);
beforeEach(async () => {
  clone = await cluster.cloneDatabase();
  database = new Database({ connectionString: clone.connectionString });
  await database.query("CREATE TABLE counters (name text PRIMARY KEY, value integer NOT NULL)");
  await database.query("INSERT INTO counters VALUES ('a', 0), ('b', 0)");
}, limitMs);
afterEach(async () => {
  await database.stop();
  await clone.drop();
}, limitMs);

const counterValue = async (name: string) =>
  (await database.query<{ value: number }>("SELECT value FROM counters WHERE name = $1", [name]))[0]!.value;
const add = "UPDATE counters SET value = value + 1 WHERE name = $1";

test(
  "a transaction whose backend is killed rejects as unavailable, changes nothing, and the next one works",
  async () => {
    const killed = database.transaction(async (connection) => {
      await connection.query(add, ["a"]);
      const [own] = await connection.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
      await database.query("SELECT pg_terminate_backend($1)", [own!.pid]);
      await connection.query(add, ["b"]);
    });
    await expect(killed).rejects.toMatchObject({ code: "database_unavailable" });
    expect([await counterValue("a"), await counterValue("b")]).toEqual([0, 0]);
    await database.transaction((connection) => connection.query(add, ["a"]));
    expect(await counterValue("a")).toBe(1);
  },
  limitMs,
);

test(
  "backends killed while idle are replaced unnoticed",
  async () => {
    await Promise.all(Array.from({ length: 5 }, () => database.query("SELECT pg_sleep(0.01)")));
    await database.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()",
      [clone.name],
    );
    const answers = await Promise.allSettled(Array.from({ length: 10 }, () => database.query("SELECT 1")));
    for (const answer of answers) {
      if (answer.status === "rejected") expect(answer.reason.code).toBe("database_unavailable");
    }
    await until("a statement is answered", () => database.answers());
  },
  limitMs,
);

test(
  "two transactions that wait for each other both end well",
  async () => {
    const both = Promise.withResolvers<void>();
    let begun = 0;
    const crossing = (first: string, second: string) =>
      database.transaction(async (connection) => {
        await connection.query(add, [first]);
        if (++begun === 2) both.resolve();
        await both.promise;
        await connection.query(add, [second]);
      });
    await Promise.all([crossing("a", "b"), crossing("b", "a")]);
    expect([await counterValue("a"), await counterValue("b")]).toEqual([2, 2]);
  },
  limitMs,
);

test("what the database refuses is told as it is", async () => {
  await expect(database.query("SELECT nonsense")).rejects.toMatchObject({ code: "42703" });
  await expect(database.query("INSERT INTO counters VALUES ('a', 1)")).rejects.toMatchObject({
    code: "23505",
  });
});

test("an address where no server answers is unavailable", async () => {
  const away = new Database({
    connectionString: "postgresql://postgres@localhost/postgres?host=/nonexistent",
  });
  await expect(away.query("SELECT 1")).rejects.toMatchObject({ code: "database_unavailable" });
  expect(await away.answers()).toBe(false);
  await away.stop();
});

test(
  "migrations are applied once by processes that start together, and half of a broken one leaves nothing",
  async () => {
    const all = readMigrations(migrationsFolder);
    const applied = await Promise.all([migrate(database), migrate(database), migrate(database)]);
    expect(applied.flat()).toEqual(all.map((migration) => migration.name));
    expect(await migrate(database)).toEqual([]);
    const broken: Migration = {
      name: "0999-broken",
      sql: "CREATE TABLE half (id int); SELECT nonsense",
      checksum: "x",
    };
    await expect(migrate(database, [...all, broken])).rejects.toMatchObject({ code: "42703" });
    expect(await database.query("SELECT to_regclass('half') AS half")).toEqual([{ half: null }]);
    const changed = all.map((migration, index) =>
      index === 0 ? { ...migration, checksum: "other" } : migration,
    );
    await expect(migrate(database, changed)).rejects.toMatchObject({ code: "migration_drift" });
    await expect(migrate(database, [])).rejects.toMatchObject({ code: "migration_drift" });
  },
  limitMs,
);
