import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type AppEnvironment, type DatabasesRequest, homeLayout, parseAppName } from "@evenkeel/model";
import type { Client } from "pg";
import { withSession } from "../client/session.ts";
import { readFormerPlaces, writeArchivePlace } from "../platform/archive-place.ts";
import { unsafeSettings } from "../server/server-settings.ts";
import { DatabaseKeeper } from "./database-keeper.ts";
import { stopDatabases } from "./stop-databases.ts";

const limitMs = 180_000;
const shop: AppEnvironment = { app: parseAppName("shop"), environment: "production" };
let folder: string;
let layout: ReturnType<typeof homeLayout>;
let keeper: DatabaseKeeper;

const newKeeper = () => new DatabaseKeeper(layout, { ...unsafeSettings, full_page_writes: true });
const ask = (request: DatabasesRequest) => keeper.answer(request, () => {});

async function query(text: string): Promise<Record<string, unknown>[]> {
  const { variables } = await ask({ type: "credentials", ...shop });
  return withSession(variables!["DATABASE_URL"]!, async (client: Client) => (await client.query(text)).rows);
}

async function moveTo(name: string): Promise<void> {
  await keeper.release();
  writeArchivePlace(layout, { kind: "folder", path: join(folder, name) });
  keeper = newKeeper();
  keeper.open();
  await ask({ type: "ensure", appId: "one", ...shop });
}

beforeAll(async () => {
  folder = mkdtempSync("/tmp/ek-fp-");
  chmodSync(folder, 0o755);
  layout = homeLayout(folder);
  keeper = newKeeper();
  keeper.open();
  await ask({ type: "ensure", appId: "one", ...shop });
}, limitMs);
afterAll(async () => {
  await keeper.release();
  await stopDatabases(layout);
  rmSync(folder, { recursive: true, force: true });
}, limitMs);

test(
  "points from before archives were moved can be restored to, and the new place goes on from there",
  async () => {
    await query("CREATE TABLE orders AS SELECT 1 AS id");
    const [{ time }] = (await query("SELECT clock_timestamp()::text AS time")) as [{ time: string }];
    await query("DELETE FROM orders");
    await moveTo("second");
    await query("INSERT INTO orders VALUES (2)");
    // A timeline that only the new place knows.
    expect((await ask({ type: "restore", to: "latest", ...shop })).restored!.timeline).toBe(2);

    expect((await ask({ type: "restore", to: time, ...shop })).restored!.timeline).toBe(3);
    expect(await query("SELECT id FROM orders")).toEqual([{ id: 1 }]);
    await query("INSERT INTO orders VALUES (3)");
    expect((await ask({ type: "restore", to: "latest", ...shop })).restored!.timeline).toBe(4);
    expect(await query("SELECT id FROM orders ORDER BY id")).toEqual([{ id: 1 }, { id: 3 }]);
    const labels = (await ask({ type: "backups", ...shop })).backups!.map(({ label }) => label);
    expect(labels).toEqual(["daily", "daily", "restore"]);
  },
  limitMs,
);

test(
  "a former place that is gone is passed over, and one that archives return to is no former one",
  async () => {
    renameSync(layout.backups, join(folder, "unplugged"));
    await expect(ask({ type: "restore", to: "2000-01-01T00:00Z", ...shop })).rejects.toMatchObject({
      code: "recovery_target_invalid",
    });
    expect((await ask({ type: "backups", ...shop })).backups!.length).toBe(2);
    renameSync(join(folder, "unplugged"), layout.backups);
    writeArchivePlace(layout, { kind: "folder", path: layout.backups });
    expect(readFormerPlaces(layout)).toEqual([{ kind: "folder", path: join(folder, "second") }]);
  },
  limitMs,
);
