import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type AppEnvironment,
  type DatabasesRequest,
  failoverSteps,
  homeLayout,
  parseAppName,
} from "@evenkeel/model";
import { Client } from "pg";
import { crc32c } from "../backup/control-file.ts";
import { withSession } from "../client/session.ts";
import { DatabaseKeeper } from "../keeper/database-keeper.ts";
import { databasePlace } from "../keeper/database-place.ts";
import { readRecords } from "../keeper/database-record.ts";
import { stopDatabases } from "../keeper/stop-databases.ts";
import { replicationRole } from "../server/access-rules.ts";
import { readPostmasterFile } from "../server/postmaster-file.ts";
import { childrenOf, processRuns } from "../server/process-table.ts";
import { unsafeSettings } from "../server/server-settings.ts";
import { until } from "../testing/until.ts";

const limitMs = 240_000;
const shop: AppEnvironment = { app: parseAppName("shop"), environment: "production" };
let folder: string;
let layout: ReturnType<typeof homeLayout>;
let keeper: DatabaseKeeper;
beforeAll(async () => {
  folder = mkdtempSync("/tmp/ek-fo-");
  chmodSync(folder, 0o755);
  layout = homeLayout(folder);
  keeper = newKeeper();
  keeper.open();
  await ask({ type: "ensure", appId: "one", ...shop });
  await query("CREATE TABLE rows (id int PRIMARY KEY)");
}, limitMs);
afterAll(async () => {
  await keeper.release();
  await stopDatabases(layout);
  rmSync(folder, { recursive: true, force: true });
}, limitMs);

const newKeeper = () =>
  new DatabaseKeeper(layout, { ...unsafeSettings, full_page_writes: true }, { standbyLookMs: 300 });
const ask = (request: DatabasesRequest) => keeper.answer(request, () => {});
const record = () => readRecords(layout)[0]!;
const place = () => databasePlace(layout, record());
const report = async () => (await ask({ type: "list" })).databases![0]!;
const failovers = async () => (await ask({ type: "failovers" })).failovers!;
const address = async () => (await ask({ type: "credentials", ...shop })).variables!["DATABASE_URL"]!;

async function query(text: string): Promise<Record<string, unknown>[]> {
  return withSession(await address(), async (client) => (await client.query(text)).rows);
}

/** Commits one row after the other as an app does, over connections that it makes anew when they break. */
function startWriters(connectionString: string, first: number) {
  const acknowledged: number[] = [];
  let next = first;
  let writing = true;
  const writer = async () => {
    while (writing) {
      const client = new Client({ connectionString, connectionTimeoutMillis: 1_000, query_timeout: 20_000 });
      client.on("error", () => {});
      try {
        await client.connect();
        while (writing) {
          const id = next++;
          await client.query("INSERT INTO rows VALUES ($1)", [id]);
          acknowledged.push(id);
          await Bun.sleep(5);
        }
      } catch {
        await Bun.sleep(20);
      } finally {
        void client.end().catch(() => {});
      }
    }
  };
  const writers = Promise.all(Array.from({ length: 4 }, writer));
  return {
    acknowledged,
    async end() {
      writing = false;
      await writers;
    },
  };
}

const lost = async (acknowledged: number[]): Promise<number[]> => {
  const kept = new Set((await query("SELECT id FROM rows")).map(({ id }) => id));
  return acknowledged.filter((id) => !kept.has(id));
};

const commandOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, "utf8");

/** Its CRC follows the struct. */
function withSystemId(control: Uint8Array, systemId: bigint): Buffer {
  const changed = Buffer.from(control);
  const crcAt = [...Array(64).keys()]
    .map((word) => 200 + word * 4)
    .find((at) => changed.readUInt32LE(at) === crc32c(changed.subarray(0, at)))!;
  changed.writeBigUInt64LE(systemId, 0);
  changed.writeUInt32LE(crc32c(changed.subarray(0, crcAt)), crcAt);
  return changed;
}

const branchOf = (branch: string) => ({
  ...{ app: shop.app, branch, appId: "one" },
  limits: { sizeBytes: 1024 ** 3, totalBytes: 1024 ** 3 },
});

async function branchRows(branch: string): Promise<unknown[]> {
  const { variables } = await ask({ type: "branchCredentials", app: shop.app, branch });
  return withSession(
    variables!["DATABASE_URL"]!,
    async (client) => (await client.query("SELECT id FROM rows")).rows,
  );
}

/** Before the first failover. */
let firstMoment: string;
let rowsThen: number;

test(
  "a primary that hangs is replaced after three checks, no acknowledged write of a synchronous standby is lost, and it never writes again",
  async () => {
    await ask({ type: "setTerms", terms: { failoverChecks: 3 }, ...shop });
    await query("INSERT INTO rows SELECT generate_series(-5000, -4001)");
    rowsThen = 1_000;
    firstMoment = String((await query("SELECT clock_timestamp()::text AS now"))[0]!["now"]);
    const made = (await ask({ type: "addStandby", sync: true, ...shop })).database!;
    expect(made.standby).toMatchObject({ state: "streaming", sync: true });
    const former = place().dataDir;
    const { pid } = readPostmasterFile(former)!;
    const writers = startWriters(await address(), 0);
    await until("rows are acknowledged", () => writers.acknowledged.length >= 300);
    const before = writers.acknowledged.length;
    const stoppedMs = Date.now();
    // Backends write on for a moment; new connections are not accepted.
    process.kill(pid, "SIGSTOP");
    await until("it has failed over", async () => (await failovers())[0]?.state === "done", 60_000);
    const count = writers.acknowledged.length;
    await until("writes are accepted again", () => writers.acknowledged.length > count + 50);
    await writers.end();
    expect(await lost(writers.acknowledged)).toEqual([]);
    expect(writers.acknowledged.length).toBeGreaterThan(before);
    const [failover] = await failovers();
    expect(failover).toMatchObject({
      trigger: "automatic",
      planned: false,
      epoch: 2,
      commitsWaited: true,
      lost: { measuredBy: "primary" },
    });
    console.log(
      `# accepted again after ${failover!.acceptedMs! - stoppedMs} ms, of it ${failover!.acceptedMs! - failover!.startedMs} ms to fail over`,
      failover!.lost,
    );
    expect(processRuns(pid)).toBe(false);
    expect(place().dataDir).not.toBe(former);
    expect(existsSync(join(former, "standby.signal"))).toBe(true);
    expect(await report()).toMatchObject({ epoch: 2, formerPrimary: former });
  },
  limitMs,
);

test(
  "failing back makes the former primary a standby, then the primary, and loses nothing on the way",
  async () => {
    const writers = startWriters(await address(), 1_000_000);
    await until("rows are acknowledged", () => writers.acknowledged.length >= 50);
    await ask({ type: "failback", switchBack: true, by: "ops", reason: "the disk is sound", ...shop });
    const count = writers.acknowledged.length;
    await until("writes are accepted again", () => writers.acknowledged.length > count + 50);
    await writers.end();
    expect(await lost(writers.acknowledged)).toEqual([]);
    expect((await failovers()).at(-1)).toMatchObject({
      kind: "failback",
      planned: true,
      by: "ops",
      state: "done",
    });
    const now = await report();
    expect(now).toMatchObject({ epoch: 3, standby: { state: "streaming", sync: true } });
    expect(now.formerPrimary).toBeUndefined();
    expect(place().dataDir).toBe(join(place().folder, "data"));
    // A moment on the first timeline can be restored yet: the archive went on over both changes.
    const restored = await ask({
      type: "branch",
      ...branchOf("look"),
      parent: { environment: "production", to: firstMoment },
    });
    expect(restored.branch!.state).toBe("running");
    expect((await branchRows("look")).length).toBe(rowsThen);
    await ask({ type: "removeBranch", app: shop.app, branch: "look" });
  },
  limitMs,
);

test(
  "a standby that hangs holds up commits for some seconds, is then not waited for, and does not take over by itself",
  async () => {
    const pid = readPostmasterFile(record().standby!.dataDir)!.pid;
    const all = [pid, ...childrenOf(pid)];
    for (const each of all) process.kill(each, "SIGSTOP");
    try {
      await query("INSERT INTO rows VALUES (-1)");
      expect((await report()).standby!.syncSuspendedMs).toBeGreaterThan(0);
      await expect(
        ask({ type: "failover", by: "platform", reason: "test", automatic: true, ...shop }),
      ).rejects.toMatchObject({ code: "failover_refused" });
    } finally {
      for (const each of all) process.kill(each, "SIGCONT");
    }
    await until(
      "commits wait for it again",
      async () => (await report()).standby!.syncSuspendedMs === undefined,
    );
  },
  limitMs,
);

test(
  "a standby that went where the primary did not is made anew; one of another cluster is refused and left as it is",
  async () => {
    await ask({ type: "restore", to: "latest", ...shop });
    await query("INSERT INTO rows VALUES (-2)");
    await until(
      "it follows on the new timeline",
      async () => {
        const { standby } = await report();
        const [row] = await query(
          "SELECT state FROM pg_stat_replication WHERE application_name = 'evenkeel_standby'",
        );
        return row !== undefined && standby?.state === "streaming" && standby.syncSuspendedMs === undefined;
      },
      60_000,
    );
    await keeper.release();
    await stopDatabases(layout);
    const { dataDir } = record().standby!;
    // `pg_control` begins with the system identifier.
    const control = join(dataDir, "global/pg_control");
    const sound = Buffer.from(readFileSync(control));
    writeFileSync(control, withSystemId(sound, 42n));
    keeper = newKeeper();
    keeper.open();
    await until("it is refused", async () => (await report()).standby?.state === "refused");
    expect((await report()).standby!.error).toMatchObject({ code: "standby_of_another_cluster" });
    expect(withSystemId(sound, 42n).equals(readFileSync(control))).toBe(true);
    await expect(ask({ type: "failover", by: "ops", reason: "test", ...shop })).rejects.toMatchObject({
      code: "failover_refused",
    });
    writeFileSync(control, sound);
    await until("it follows again", async () => (await report()).standby?.state === "streaming");
  },
  limitMs,
);

test(
  "without synchronous commit what was lost is stated: commits, bytes, seconds",
  async () => {
    await ask({ type: "addStandby", sync: false, ...shop });
    const { pid } = readPostmasterFile(place().dataDir)!;
    const sender = childrenOf(pid).find((child) =>
      commandOf(child).includes(`walsender ${replicationRole}`),
    )!;
    // What is written now does not reach the standby.
    process.kill(sender, "SIGSTOP");
    const writers = startWriters(await address(), 2_000_000);
    await until("rows are acknowledged", () => writers.acknowledged.length >= 200);
    for (const each of [pid, ...childrenOf(pid)]) process.kill(each, "SIGSTOP");
    const count = writers.acknowledged.length;
    await ask({ type: "failover", by: "ops", reason: "it hangs", ...shop });
    await until("writes are accepted again", () => writers.acknowledged.length > count);
    await writers.end();
    const gone = (await lost(writers.acknowledged)).length;
    const { lost: stated } = (await failovers()).at(-1)!;
    console.log(`# lost ${gone} acknowledged commits; stated: ${JSON.stringify(stated)}`);
    expect(gone).toBeGreaterThan(100);
    // Some were written and not acknowledged yet.
    expect(stated!.commits).toBeGreaterThanOrEqual(gone);
    expect(stated!.commits).toBeLessThanOrEqual(gone + 8);
    expect(stated!.bytes).toBeGreaterThan(gone * 50);
    expect(stated!.seconds).toBeGreaterThan(0);
  },
  limitMs,
);

test(
  "a keeper that is killed at any step of a failover goes on with it when it is back",
  async () => {
    for (const step of failoverSteps) {
      await ask({ type: "addStandby", sync: true, ...shop });
      await query(`INSERT INTO rows VALUES (${-10 - failoverSteps.indexOf(step)})`);
      const { dataDir: to } = record().standby!;
      const before = (await failovers()).length;
      await keeper.release();
      const child = Bun.spawn(
        [process.execPath, join(import.meta.dir, "../testing/killed-at-step.ts"), folder, step],
        {
          stdout: "ignore",
          stderr: "inherit",
        },
      );
      await child.exited;
      expect(child.signalCode).toBe("SIGKILL");
      keeper = newKeeper();
      keeper.open();
      await until(
        `it is through after ${step}`,
        async () => (await failovers()).at(-1)!.state === "done",
        60_000,
      );
      expect((await failovers()).length).toBe(before + 1);
      expect(place().dataDir).toBe(to);
      await until("it serves", () => query("SELECT 1").then(Boolean, () => false));
    }
    expect(await query("SELECT id FROM rows WHERE id BETWEEN -13 AND -10 ORDER BY id")).toEqual(
      [-13, -12, -11, -10].map((id) => ({ id })),
    );
  },
  limitMs,
);
