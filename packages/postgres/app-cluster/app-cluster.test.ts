import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { withSession } from "../client/session.ts";
import { processRuns } from "../server/process-table.ts";
import { unsafeSettings } from "../server/server-settings.ts";
import { freePort } from "../testing/free-port.ts";
import { until } from "../testing/until.ts";
import { AppCluster, type AppClusterEvent } from "./app-cluster.ts";
import { connectionLimits, explainConnectionFailure } from "./connection-limits.ts";

const limitMs = 90_000;
let folder: string;
let cluster: AppCluster;
let events: AppClusterEvent[];

beforeEach(() => {
  folder = mkdtempSync("/tmp/ek-app-");
  chmodSync(folder, 0o755);
  events = [];
  cluster = newCluster("first-password");
});
afterEach(async () => {
  await cluster.stop("immediate");
  rmSync(folder, { recursive: true, force: true });
}, limitMs);

const newCluster = (password: string, port = freePort()) =>
  new AppCluster(
    {
      name: "shop/production",
      dataDir: join(folder, "data"),
      socketDir: join(folder, "s"),
      port,
      password,
      connectionLimit: 3,
      settings: unsafeSettings,
    },
    (event) => events.push(event),
  );

const asApp = <Result>(work: (client: Client) => Promise<Result>) =>
  withSession(cluster.environment()["DATABASE_URL"]!, work);

test(
  "an app owns its database and nothing else",
  async () => {
    await cluster.start();
    await asApp(async (client) => {
      await client.query(
        "CREATE SCHEMA billing; CREATE TABLE public.orders (id int); CREATE EXTENSION citext",
      );
      const { rows } = await client.query(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = current_user",
      );
      expect(new Set(Object.values(rows[0]))).toEqual(new Set([false]));
      await expect(client.query("COPY public.orders TO PROGRAM 'cat'")).rejects.toMatchObject({
        code: "42501",
      });
      await expect(client.query("SELECT rolpassword FROM pg_authid")).rejects.toMatchObject({
        code: "42501",
      });
    });
    const elsewhere = cluster.environment()["DATABASE_URL"]!.replace(/app$/, "postgres");
    await expect(withSession(elsewhere, async () => {})).rejects.toMatchObject({ code: "42501" });
  },
  limitMs,
);

test(
  "a killed server is back with its rows, on the same address, and says so",
  async () => {
    const { pid } = await cluster.start();
    await asApp((client) => client.query("CREATE TABLE kept AS SELECT 7 AS value"));
    process.kill(pid, "SIGKILL");
    await until("a restart is told", () => events.length === 3);
    expect(events.map((event) => event.kind)).toEqual(["started", "crashed", "started"]);
    expect(await asApp(async (client) => (await client.query("SELECT value FROM kept")).rows)).toEqual([
      { value: 7 },
    ]);
    const { pid: successor } = await cluster.start();
    expect(successor).not.toBe(pid);
    await cluster.stop();
    expect(processRuns(successor)).toBe(false);
    expect(events).toHaveLength(3);
  },
  limitMs,
);

test(
  "the connection over the limit is refused with the remedy, and the platform still gets in",
  async () => {
    const running = await cluster.start();
    const held = Array.from({ length: 3 }, () => new Client(cluster.environment()["DATABASE_URL"]!));
    for (const client of held) await client.connect();
    const failure = await asApp(async () => {}).catch((error) => error);
    expect(explainConnectionFailure(failure, "shop/production", connectionLimits(3))).toMatchObject({
      code: "database_connections_exhausted",
      message: "The database of shop/production has all 3 connections in use",
      hint: expect.stringContaining("smaller pool"),
    });
    await withSession(running.connectionOptions(), (client) => client.query("SELECT 1"));
    for (const client of held) await client.end();
  },
  limitMs,
);

test(
  "a new password replaces the old at the next start, which adopts the running server",
  async () => {
    await cluster.start();
    const old = cluster;
    cluster = newCluster("second-password", old.spec.port);
    expect((await cluster.start()).adopted).toBe(true);
    await asApp((client) => client.query("SELECT 1"));
    await expect(withSession(old.environment()["DATABASE_URL"]!, async () => {})).rejects.toMatchObject({
      code: "28P01",
    });
    await cluster.stop("immediate");
    await old.stop();
  },
  limitMs,
);
