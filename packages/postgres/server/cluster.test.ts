import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { freePort } from "../testing/free-port.ts";
import { until } from "../testing/until.ts";
import { switchAutovacuum } from "./autovacuum-switch.ts";
import { type ClusterRequest, startCluster } from "./cluster.ts";
import { readPostmasterFile } from "./postmaster-file.ts";
import { processRuns, servesCluster } from "./process-table.ts";
import type { RunningCluster } from "./running-cluster.ts";
import { runsAsRoot } from "./server-account.ts";
import { unsafeSettings } from "./server-settings.ts";

const limitMs = 60_000;
let folder: string;
let request: ClusterRequest;
const started: RunningCluster[] = [];

beforeEach(() => {
  folder = mkdtempSync("/tmp/ek-cl-");
  chmodSync(folder, 0o755);
  request = {
    dataDir: join(folder, "data"),
    socketDir: join(folder, "s"),
    settings: unsafeSettings,
    syncInitialisation: false,
  };
});
afterEach(async () => {
  for (const cluster of started.splice(0)) await cluster.stop("immediate");
  rmSync(folder, { recursive: true, force: true });
}, limitMs);

async function start(changes: Partial<ClusterRequest> = {}): Promise<RunningCluster> {
  const cluster = await startCluster({ ...request, ...changes });
  started.push(cluster);
  return cluster;
}

async function query(cluster: RunningCluster, statement: string): Promise<Record<string, unknown>[]> {
  const client = new Client(cluster.connectionOptions());
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

test(
  "a new cluster has checksums, a locale of its own, no TCP port and an unprivileged server",
  async () => {
    const cluster = await start();
    const [row] = await query(
      cluster,
      `SELECT current_setting('data_checksums') checksums, current_setting('listen_addresses') addresses,
              datlocprovider provider, datlocale locale, lower('ÄÉ') folded
       FROM pg_database WHERE datname = current_database()`,
    );
    expect(row).toEqual({ checksums: "on", addresses: "", provider: "b", locale: "C.UTF-8", folded: "äé" });
    expect(statSync(request.dataDir).mode & 0o777).toBe(0o700);
    if (runsAsRoot()) expect(statSync(request.dataDir).uid).not.toBe(0);
    await cluster.stop();
    expect(processRuns(cluster.pid)).toBe(false);
    expect(existsSync(join(request.dataDir, "postmaster.pid"))).toBe(false);
  },
  limitMs,
);

test(
  "autovacuum can rest in a running server, and every start brings it back",
  async () => {
    const launchers = async (cluster: RunningCluster) =>
      (await query(cluster, "SELECT FROM pg_stat_activity WHERE backend_type = 'autovacuum launcher'"))
        .length;
    const cluster = await start();
    await until("autovacuum runs", async () => (await launchers(cluster)) === 1);
    switchAutovacuum(cluster, false);
    await until("it rests", async () => (await launchers(cluster)) === 0);
    switchAutovacuum(cluster, true);
    await until("it is back", async () => (await launchers(cluster)) === 1);
    switchAutovacuum(cluster, false);
    await until("it rests again", async () => (await launchers(cluster)) === 0);
    await cluster.stop();
    const next = await start();
    await until("the next start brings it back", async () => (await launchers(next)) === 1);
  },
  limitMs,
);

test(
  "a server whose starter died is adopted, and starts anew with its rows after it was killed itself",
  async () => {
    const starter = join(folder, "starter.ts");
    const module = join(import.meta.dir, "cluster.ts");
    writeFileSync(
      starter,
      `const { startCluster } = await import(${JSON.stringify(module)});
       await startCluster(${JSON.stringify(request)}); process.kill(process.pid, "SIGKILL");`,
    );
    const child = Bun.spawn([process.execPath, starter], { stdout: "ignore", stderr: "inherit" });
    await child.exited;
    const adopted = await start();
    expect(adopted.adopted).toBe(true);
    await query(adopted, "CREATE TABLE kept AS SELECT 7 AS value");
    process.kill(adopted.pid, "SIGKILL");
    await adopted.exited();
    const again = await start();
    expect(again.adopted).toBe(false);
    expect(await query(again, "SELECT value FROM kept")).toEqual([{ value: 7 }]);
  },
  limitMs,
);

test(
  "children of a killed postmaster that are amid a query do not prevent the next start",
  async () => {
    const cluster = await start();
    const client = new Client(cluster.connectionOptions());
    client.on("error", () => {});
    await client.connect();
    const { rows } = await client.query("SELECT pg_backend_pid() pid");
    const busy = client.query("SELECT count(*) FROM generate_series(1, 1e12)").catch(() => {});
    process.kill(cluster.pid, "SIGKILL");
    await cluster.exited();
    const next = await start();
    await busy;
    expect(servesCluster(rows[0].pid, request.dataDir)).toBe(false);
    expect(await query(next, "SELECT 1 one")).toEqual([{ one: 1 }]);
  },
  limitMs,
);

test(
  "a pid file that names a living stranger does not prevent the start",
  async () => {
    const cluster = await start();
    const path = join(request.dataDir, "postmaster.pid");
    const stale = readFileSync(path, "utf8");
    await cluster.stop();
    const uid = statSync(request.dataDir).uid;
    const stranger = Bun.spawn(["sleep", "600"], { cwd: "/", ...(runsAsRoot() ? { uid, gid: uid } : {}) });
    writeFileSync(path, stale.replace(/^\d+/, String(stranger.pid)), { mode: 0o600 });
    Bun.spawnSync(["chown", "--reference", request.dataDir, path]);
    const again = await start();
    expect(readPostmasterFile(request.dataDir)?.pid).toBe(again.pid);
    expect(processRuns(stranger.pid)).toBe(true);
    stranger.kill();
    await stranger.exited;
  },
  limitMs,
);

test(
  "of several that initialise the same folder one wins, all get its server, and nothing is left beside it",
  async () => {
    // What a crashed attempt leaves: the pid of no process.
    mkdirSync(join(folder, "data.initdb-999999999-abcd"));
    const clusters = await Promise.all([start(), start(), start()]);
    expect(new Set(clusters.map((cluster) => cluster.pid)).size).toBe(1);
    expect(clusters.filter((cluster) => !cluster.adopted)).toHaveLength(1);
    expect(readdirSync(folder).sort()).toEqual(["data", "s"]);
  },
  limitMs,
);

test("a folder with something else in it is refused and left alone", async () => {
  mkdirSync(request.dataDir);
  writeFileSync(join(request.dataDir, "letter.txt"), "mine");
  await expect(start()).rejects.toMatchObject({ code: "data_directory_invalid" });
  mkdirSync(join(folder, "old"));
  writeFileSync(join(folder, "old/PG_VERSION"), "15\n");
  await expect(start({ dataDir: join(folder, "old") })).rejects.toThrow("PostgreSQL 15");
  expect(readdirSync(request.dataDir)).toEqual(["letter.txt"]);
});

test("a socket path that the kernel would refuse is refused with a remedy", async () => {
  await expect(start({ socketDir: join(folder, "x".repeat(80)) })).rejects.toMatchObject({
    code: "socket_path_too_long",
    hint: expect.any(String),
  });
});

test.if(runsAsRoot())(
  "a data directory that the account cannot reach is named, before anything is made",
  async () => {
    chmodSync(folder, 0o700);
    await expect(start()).rejects.toMatchObject({
      code: "folder_unreachable",
      message: expect.stringContaining(folder),
    });
    expect(readdirSync(folder)).toEqual([]);
  },
);

test(
  "a setting that the server refuses is told with the server's own words, and nothing keeps running",
  async () => {
    await expect(start({ settings: { shared_buffers: "many" } })).rejects.toMatchObject({
      code: "postgres_start_failed",
      message: expect.stringContaining("shared_buffers"),
    });
  },
  limitMs,
);

test.if(runsAsRoot())(
  "a cluster may belong to a uid that has no name, and the superuser cannot come in over TCP",
  async () => {
    const account = { uid: 61_234, gid: 61_234 };
    const cluster = await start({ account, tcp: true, port: freePort() });
    expect(statSync(request.dataDir).uid).toBe(account.uid);
    expect(readFileSync(`/proc/${cluster.pid}/status`, "utf8")).toContain("Uid:\t61234\t61234");
    const client = new Client({ connectionString: cluster.connectionString({ tcp: true, password: "any" }) });
    await expect(client.connect()).rejects.toThrow("rejects connection");
  },
  limitMs,
);
