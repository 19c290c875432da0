import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type AppEnvironment, type DatabasesRequest, homeLayout, parseAppName } from "@evenkeel/model";
import type { Client } from "pg";
import { withSession } from "../client/session.ts";
import { readPostmasterFile } from "../server/postmaster-file.ts";
import { processRuns } from "../server/process-table.ts";
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
beforeEach(() => {
  folder = mkdtempSync("/tmp/ek-kp-");
  chmodSync(folder, 0o755);
  layout = homeLayout(folder);
  keeper = newKeeper();
});
afterEach(async () => {
  await keeper.release();
  await stopDatabases(layout);
  rmSync(folder, { recursive: true, force: true });
}, limitMs);

const newKeeper = () => new DatabaseKeeper(layout, { ...unsafeSettings, full_page_writes: true });

const ask = (request: DatabasesRequest, onStep: (step: string) => void = () => {}) =>
  keeper.answer(request, ({ step }) => onStep(step));
const ensure = (appId = "one") => ask({ type: "ensure", appId, ...shop });

async function query(text: string): Promise<Record<string, unknown>[]> {
  const { variables } = await ask({ type: "credentials", ...shop });
  return withSession(
    variables!["DATABASE_URL"]!,
    async (client: Client) => (await client.query(text)).rows as Record<string, unknown>[],
  );
}

const serverPid = () => {
  const [record] = readRecords(layout);
  return readPostmasterFile(databasePlace(layout, record!).dataDir)!.pid;
};

test(
  "a database is made once, with a backup, and its secrets are neither in its record nor in its backups",
  async () => {
    const [first, second] = await Promise.all([ensure(), ensure()]);
    expect(first.database).toMatchObject({ ...shop, state: "running" });
    expect(second.database!.id).toBe(first.database!.id);
    expect((await ask({ type: "backups", ...shop })).backups).toMatchObject([{ label: "daily" }]);
    const { variables } = await ask({ type: "credentials", ...shop });
    expect(await query("SELECT current_user::text AS who")).toEqual([{ who: "app" }]);
    const written = JSON.stringify(readRecords(layout));
    expect(written).not.toContain(variables!["PGPASSWORD"]!);
    expect(readdirSync(join(layout.keys, "databases")).sort()).toEqual([
      `${first.database!.id}.archive.key`,
      `${first.database!.id}.password.key`,
    ]);
  },
  limitMs,
);

test(
  "a restore brings rows back at the same address, and keeps what was",
  async () => {
    await ensure();
    await query("CREATE TABLE orders AS SELECT g AS id FROM generate_series(1, 100) g");
    const [{ now }] = (await query("SELECT clock_timestamp()::text AS now")) as [{ now: string }];
    await query("DELETE FROM orders");
    await query("INSERT INTO orders VALUES (999)");
    const steps: string[] = [];
    const { restored } = await ask({ type: "restore", to: now, ...shop }, (step) => steps.push(step));
    expect(await query("SELECT count(*)::int FROM orders")).toEqual([{ count: 100 }]);
    expect(existsSync(restored!.replaced)).toBe(true);
    expect(steps).toContain("Switching to the restored database");
    await query("INSERT INTO orders VALUES (101)");
    expect((await ask({ type: "backup", ...shop })).backup).toMatchObject({ label: "manual" });
    // Nonsense changes nothing.
    await expect(ask({ type: "restore", to: "2000-01-01T00:00Z", ...shop })).rejects.toMatchObject({
      code: "recovery_target_invalid",
    });
    expect(await query("SELECT count(*)::int FROM orders")).toEqual([{ count: 101 }]);
  },
  limitMs,
);

test(
  "servers outlive their keeper and are adopted; a killed one comes back",
  async () => {
    await ensure();
    await query("CREATE TABLE kept AS SELECT 7 AS value");
    const pid = serverPid();
    await keeper.release();
    expect(processRuns(pid)).toBe(true);
    keeper = newKeeper();
    keeper.open();
    await until(
      "it is running",
      async () => (await ask({ type: "list" })).databases![0]?.state === "running",
    );
    expect(serverPid()).toBe(pid);
    process.kill(pid, "SIGKILL");
    await until("another serves", async () => {
      const rows = await query("SELECT value FROM kept").catch(() => []);
      return rows[0]?.["value"] === 7 && serverPid() !== pid;
    });
    await keeper.release();
    await stopDatabases(layout);
    expect(readPostmasterFile(databasePlace(layout, readRecords(layout)[0]!).dataDir)).toBeUndefined();
  },
  limitMs,
);

test(
  "a removed database leaves its archive; one of the same name begins anew",
  async () => {
    const { database } = await ensure("one");
    await query("CREATE TABLE secret (id int)");
    const { removed } = await ask({ type: "remove", ...shop });
    expect(removed).toMatchObject({ ...shop, archive: database!.archive });
    expect(readdirSync(join(database!.archive, "backups"))).toContain(removed!.backup);
    expect(readRecords(layout)).toEqual([]);
    expect(await ask({ type: "remove", ...shop })).toEqual({});
    await expect(ask({ type: "backups", ...shop })).rejects.toMatchObject({ code: "app_database_unknown" });
    const again = await ensure("two");
    expect(again.database!.id).not.toBe(database!.id);
    expect(await query("SELECT to_regclass('secret') AS found")).toEqual([{ found: null }]);
  },
  limitMs,
);
