import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import {
  type AppEnvironment,
  type FromSignals,
  homeLayout,
  parseAppName,
  type SignalSample,
  type ToSignals,
} from "@evenkeel/model";
import { listenForMessages } from "@evenkeel/wire";
import { withSession } from "../../client/session.ts";
import { unsafeSettings } from "../../server/server-settings.ts";
import { until } from "../../testing/until.ts";
import { DatabaseKeeper } from "../database-keeper.ts";
import { stopDatabases } from "../stop-databases.ts";
import { DatabaseMeasures } from "./database-measures.ts";

const limitMs = 180_000;
const shop: AppEnvironment = { app: parseAppName("shop"), environment: "production" };
let folder: string;
let layout: ReturnType<typeof homeLayout>;
let keeper: DatabaseKeeper;
let samples: SignalSample[];
let signals: { stop(): void };
beforeEach(() => {
  folder = mkdtempSync("/tmp/ek-km-");
  chmodSync(folder, 0o755);
  layout = homeLayout(folder);
  mkdirSync(layout.run);
  keeper = new DatabaseKeeper(layout, { ...unsafeSettings, full_page_writes: true });
  samples = [];
  signals = listenForMessages<ToSignals, FromSignals>(layout.signalsSocket, (connection) => {
    connection.onMessage = (message) => {
      if (message.type === "batch") samples.push(...message.samples);
      connection.send({ type: "ack", seq: message.type === "batch" ? message.seq : 0 });
    };
  });
});
afterEach(async () => {
  await keeper.release();
  await stopDatabases(layout);
  signals.stop();
  rmSync(folder, { recursive: true, force: true });
}, limitMs);

test(
  "connections, size, slow queries and the age of backups are measured, and a server that is away is left out",
  async () => {
    await keeper.answer({ type: "ensure", appId: "one", ...shop }, () => {});
    const platform = async () => ({ archiveLagMs: 2_000, newestBackupMs: Date.now() - 60_000 });
    const away = {
      record: { ...shop, app: parseAppName("away"), id: "x" },
      ...{ isRunning: true, protection: async () => ({}) },
      levels: () => Promise.reject(new Error("the server is away")),
    };
    const measured = { databases: () => [...keeper.measured(), away], platform };
    const measures = new DatabaseMeasures(layout.signalsSocket, measured, 500);
    try {
      const { variables } = await keeper.answer({ type: "credentials", ...shop }, () => {});
      await withSession(variables!["DATABASE_URL"]!, async (client) => {
        const latest = (name: string) =>
          samples.findLast(({ app, gauges }) => app === "shop" && gauges?.[name] !== undefined);
        await until(
          "a connection is counted",
          () => (latest("database_connections")?.gauges?.["database_connections"] ?? 0) >= 1,
        );
        const { gauges } = latest("database_size")!;
        expect(gauges!["database_size"]).toBeGreaterThan(1_000_000);
        expect(gauges!["database_connection_limit"]).toBeGreaterThan(gauges!["database_connections"]!);
        expect(gauges!["replication_lag"]).toBeGreaterThanOrEqual(0);
        await until("the backup's age is told", () => latest("backup_age") !== undefined);
        expect(latest("backup_age")!.gauges!["archive_lag"]).toBeGreaterThanOrEqual(0);
        await client.query("SELECT pg_sleep(0.2)");
        await until("a slow query is counted", () =>
          samples.some(({ app, counts }) => app === "shop" && counts?.["slow_queries"] === 1),
        );
      });
      const own = samples.find(({ app }) => app === "_platform")!;
      expect(own.gauges!["archive_lag"]).toBe(2);
      expect(samples.some(({ app }) => app === "away")).toBe(false);
    } finally {
      measures.stop();
    }
  },
  limitMs,
);
