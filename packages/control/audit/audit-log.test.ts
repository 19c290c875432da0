import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import type { TestCluster, TestDatabase } from "@evenkeel/postgres";
import { Database } from "../database/database.ts";
import { migrate, migrationsFolder, readMigrations } from "../database/migrate.ts";
import { cloneControlDatabase, startControlCluster } from "../testing/test-control.ts";
import { exportAudit, listAudit, record } from "./audit-log.ts";
import { verifyAudit } from "./verify-audit.ts";

const limitMs = 60_000;
let cluster: TestCluster;
let clone: TestDatabase;
let database: Database;
beforeAll(async () => {
  cluster = await startControlCluster();
}, limitMs);
afterAll(() => cluster.stop(), limitMs);
beforeEach(async () => {
  clone = await cloneControlDatabase(cluster);
  database = new Database({ connectionString: clone.connectionString });
  for (let at = 1; at <= 5; at++)
    await record(database, {
      who: "ada",
      action: "variable.set",
      app: "shop",
      object: `NAME_${at}`,
      detail: { at },
    });
}, limitMs);
afterEach(async () => {
  await database.stop();
  await clone.drop();
}, limitMs);

/** As somebody with the database's own powers would. */
const tamper = (sql: string) =>
  database.transaction(async (connection) => {
    await connection.query("SET LOCAL session_replication_role = replica");
    await connection.query(sql);
  });
const faults = async () => (await verifyAudit(database)).faults;

test("entries are neither changed nor taken out, whoever asks", async () => {
  for (const sql of [
    "UPDATE audit_log SET who = 'eve'",
    "DELETE FROM audit_log WHERE id = 1",
    "TRUNCATE audit_log CASCADE",
    "DELETE FROM audit_chain",
  ])
    await expect(database.query(sql)).rejects.toMatchObject({ code: "42501" });
  expect(await verifyAudit(database)).toMatchObject({ isWhole: true, entries: 5, faults: [] });
});

test(
  "what transactions at once record stands in one chain, in the order in which they ended; what is undone is not in it",
  async () => {
    await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        database
          .transaction(async (connection) => {
            await record(connection, { who: `person ${at}`, action: "app.create" });
            await connection.query("SELECT pg_sleep(random() * 0.01)");
            await record(connection, { who: `person ${at}`, action: "app.remove" });
            if (at % 4 === 0) throw new Error("undone");
          })
          .catch(() => {}),
      ),
    );
    expect(await verifyAudit(database)).toMatchObject({ isWhole: true, entries: 65 });
  },
  limitMs,
);

test(
  "a changed entry is found, and one that has another's place",
  async () => {
    await tamper("UPDATE audit_log SET who = 'eve' WHERE id = 3");
    expect(await faults()).toEqual([{ position: 3, entry: 3, fault: "changed" }]);
    await tamper("UPDATE audit_log SET who = 'ada' WHERE id = 3");
    expect(await faults()).toEqual([]);
    await tamper(
      "UPDATE audit_chain SET entry = CASE entry WHEN 2 THEN -4 WHEN 4 THEN -2 END WHERE entry IN (2, 4)",
    );
    await tamper("UPDATE audit_chain SET entry = -entry WHERE entry < 0");
    expect((await faults()).map(({ position }) => position)).toEqual([2, 4]);
  },
  limitMs,
);

test(
  "a removed entry, link or end is found, and an entry beside the chain",
  async () => {
    await tamper("DELETE FROM audit_log WHERE id = 2");
    expect(await faults()).toEqual([{ position: 2, entry: 2, fault: "entry_removed" }]);
    await tamper("DELETE FROM audit_chain WHERE position = 2");
    expect((await faults()).map(({ fault }) => fault)).toEqual(["link_removed", "changed"]);
    await tamper("INSERT INTO audit_log (who, action) VALUES ('eve', 'nothing')");
    expect((await faults()).map(({ fault }) => fault)).toContain("not_in_chain");
    await tamper("DELETE FROM audit_log WHERE id >= 5");
    await tamper("DELETE FROM audit_chain WHERE position = 5");
    expect((await faults()).at(-1)).toEqual({ position: 5, fault: "end_removed" });
  },
  limitMs,
);

test(
  "a whole new chain is told from the one before by an anchor",
  async () => {
    const { head } = await verifyAudit(database);
    expect((await verifyAudit(database, head)).isWhole).toBe(true);
    await record(database, { who: "ada", action: "app.create" });
    expect((await verifyAudit(database, head)).isWhole).toBe(true);
    await tamper("DELETE FROM audit_log WHERE id = 1");
    await tamper("DELETE FROM audit_chain");
    await tamper("UPDATE audit_head SET position = 0, hash = ''");
    await database.transaction(async (connection) => {
      await connection.query("ALTER TABLE audit_log DISABLE TRIGGER audit_log_grows_only");
      const rows = await connection.query<{ who: string; action: string }>(
        "DELETE FROM audit_log RETURNING who, action",
      );
      await connection.query("ALTER TABLE audit_log ENABLE TRIGGER audit_log_grows_only");
      for (const { who, action } of rows)
        await connection.query("INSERT INTO audit_log (who, action) VALUES ($1, $2)", [who, action]);
    });
    expect((await verifyAudit(database)).isWhole).toBe(true);
    expect((await verifyAudit(database, head)).faults).toEqual([{ position: 5, fault: "other_than_anchor" }]);
  },
  limitMs,
);

test("is searched by who, action, time and text, and exported whole", async () => {
  await record(database, {
    who: "ben",
    action: "release.rollback",
    app: "shop",
    detail: { reason: "100% errors" },
  });
  const found = async (filter: Parameters<typeof listAudit>[1]) =>
    (await listAudit(database, filter)).map(({ action, object }) => object ?? action);
  expect(await found({ who: "ben", limit: 10 })).toEqual(["release.rollback"]);
  expect(await found({ action: "variable", limit: 2 })).toEqual(["NAME_5", "NAME_4"]);
  expect(await found({ text: "100% ERR", limit: 10 })).toEqual(["release.rollback"]);
  expect(await found({ text: "name_", limit: 10 })).toHaveLength(5);
  expect(await found({ untilMs: 1, limit: 10 })).toEqual([]);
  const all = await Array.fromAsync(exportAudit(database));
  expect(all.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(all.every(({ hash }) => /^[0-9a-f]{64}$/.test(hash ?? ""))).toBe(true);
});

test(
  "what was on record before there was a chain is taken into it, in its order",
  async () => {
    const before = await cluster.cloneDatabase();
    const older = new Database({ connectionString: before.connectionString });
    try {
      const all = readMigrations(migrationsFolder);
      await migrate(
        older,
        all.filter(({ name }) => name < "0042"),
      );
      for (const who of ["ada", "ben"])
        await older.query("INSERT INTO audit_log (who, action) VALUES ($1, 'app.create')", [who]);
      await migrate(older);
      await record(older, { who: "cem", action: "app.create" });
      expect(await verifyAudit(older)).toMatchObject({ isWhole: true, entries: 3 });
      expect((await Array.fromAsync(exportAudit(older))).map(({ who }) => who)).toEqual([
        "ada",
        "ben",
        "cem",
      ]);
    } finally {
      await older.stop();
      await before.drop();
    }
  },
  limitMs,
);
