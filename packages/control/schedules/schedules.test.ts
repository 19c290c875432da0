import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { loadOrCreateKey } from "@evenkeel/disk";
import { readScheduleCall, scheduleCallHeader } from "@evenkeel/model";
import type { TestCluster } from "@evenkeel/postgres";
import type { ScheduleRun } from "../client/index.ts";
import { Database } from "../database/database.ts";
import { startControlCluster, TestControl } from "../testing/test-control.ts";
import { until } from "../testing/until.ts";

const limitMs = 120_000;
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startControlCluster();
}, limitMs);
afterAll(() => cluster.stop(), limitMs);

let control: TestControl;
let database: Database;
beforeEach(async () => {
  control = await TestControl.start(cluster);
  database = new Database({ connectionString: control.database.connectionString });
}, limitMs);
afterEach(async () => {
  await database.stop();
  await control.stop();
}, limitMs);

const configWith = (crons: object[]) => ({
  ".vercel/output/config.json": JSON.stringify({ version: 3, routes: [{ handle: "filesystem" }], crons }),
});
const yearly = (path: string) => ({ path, schedule: "0 0 1 1 *" });
const deploy = (paths: string[], options: Parameters<TestControl["deploy"]>[1] = {}) =>
  control.deploy("shop", { ...options, files: configWith(paths.map(yearly)) });
const schedules = async () => (await control.client().listSchedules({ app: "shop" })).schedules;
const schedule = async (name: string) => (await schedules()).find((one) => one.name === name);
const runs = async (name: string) =>
  (await control.client().listScheduleRuns({ app: "shop", schedule: name })).runs;

/** As if the last of its times were a moment ago. */
async function makeDue(name: string): Promise<void> {
  await database.query(
    `UPDATE schedule_jobs SET definition = jsonb_set(definition, '{cron}', '"* * * * *"'),
       decided_through = now() - interval '1 minute', next_at = now() - interval '1 second' WHERE name = $1`,
    [name],
  );
  control.control!.parts.scheduler.nudge();
}

async function runNow(name: string): Promise<ScheduleRun> {
  const { id } = await control.client().runSchedule({ app: "shop", schedule: name });
  return ended(name, id);
}

async function ended(name: string, id: string): Promise<ScheduleRun> {
  const read = () => control.client().getScheduleRun({ app: "shop", schedule: name, run: id });
  await until(`run ${id} ends`, async () => (await read()).endedAtMs !== undefined);
  return read();
}

test(
  "a call goes to the deployment's own host with the app's secret, Vercel's agent and a signed execution id",
  async () => {
    const seen: IncomingHttpHeaders[] = [];
    control.edge.routes.set("/api/cron?full=1", (request, response) => {
      seen.push(request.headers);
      response.writeHead(200, { "x-vercel-id": "ek1::id" }).end("done");
    });
    const deployment = await deploy(["/api/cron?full=1"], { withFunction: true });
    const run = await runNow("/api/cron?full=1");
    expect(run).toMatchObject({
      ...{ state: "succeeded", calls: 1, httpStatus: 200, requestId: "ek1::id" },
      ...{ deployment: deployment.id, askedBy: expect.any(String) },
    });
    const host = `shop-${deployment.id}.localhost`;
    const secret = control.host.hosted.get(deployment.id)!.environment["CRON_SECRET"];
    expect(secret).toMatch(/^[0-9a-f]{48}$/);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({
      host: `${host}:${control.edge.port}`,
      "user-agent": "vercel-cron/1.0",
      authorization: `Bearer ${secret}`,
    });
    const token = String(seen[0]![scheduleCallHeader]);
    const key = loadOrCreateKey(control.layout.scheduleKey);
    expect(Object.fromEntries(readScheduleCall(key, host, token))).toEqual({
      "x-vercel-cron-schedule": "0 0 1 1 *",
      "x-schedule-name": "/api/cron?full=1",
      "x-schedule-execution-id": run.id,
      "x-schedule-time": new Date(run.scheduledAtMs).toISOString(),
    });
    expect(readScheduleCall(key, "other.localhost", token)).toEqual([]);
    expect(readScheduleCall(new Uint8Array(32), host, token)).toEqual([]);

    // The next deployment has the same secret; a preview has another, and is not called.
    const next = await deploy(["/api/cron?full=1"], { withFunction: true });
    expect(control.host.hosted.get(next.id)!.environment["CRON_SECRET"]).toBe(secret!);
    const preview = await deploy(["/only-in-preview"], { withFunction: true, environment: "preview" });
    const other = control.host.hosted.get(preview.id)!.environment["CRON_SECRET"];
    expect(other).toMatch(/^[0-9a-f]{48}$/);
    expect(other).not.toBe(secret);
    expect((await schedules()).map(({ name }) => name)).toEqual(["/api/cron?full=1"]);
  },
  limitMs,
);

test(
  "a person's own secret wins, and one that no header can have is refused before anything is switched",
  async () => {
    let authorization: string | undefined;
    control.edge.routes.set("/a", (request, response) => {
      authorization = request.headers.authorization;
      response.end();
    });
    await deploy(["/a"], { variables: { CRON_SECRET: "mine and yours" } });
    expect((await runNow("/a")).state).toBe("succeeded");
    expect(authorization).toBe("Bearer mine and yours");
    const refused = await deploy(["/b"], { variables: { CRON_SECRET: "with a newline\n" } });
    expect(refused).toMatchObject({ state: "failed", error: { code: "cron_secret_refused" } });
    const bad = await control.deploy("shop", {
      files: configWith([{ path: "/b", schedule: "*/0 * * * *" }]),
    });
    expect(bad.error?.message).toContain("crons[0].schedule");
    expect((await schedules()).map(({ name }) => name)).toEqual(["/a"]);
  },
  limitMs,
);

test(
  "a target that fails, redirects, hangs or breaks off is recorded as what it did, and called again as declared",
  async () => {
    const { routes } = control.edge;
    const held: ServerResponse[] = [];
    routes.set("/500", (_, response) => response.writeHead(500).end());
    routes.set("/redirect", (_, response) => response.writeHead(308, { location: "/ok" }).end());
    routes.set("/hang", (_, response) => void held.push(response));
    routes.set("/break", (_, response) => {
      response.writeHead(200).write("half");
      response.socket!.destroySoon();
    });
    let followed = false;
    routes.set("/ok", (_, response) => {
      followed = true;
      response.end();
    });
    await deploy(["/500", "/redirect", "/hang", "/break"]);
    await control.client().setSchedule({ app: "shop", schedule: "/hang", limitMs: 1_000 });
    expect(await runNow("/500")).toMatchObject({ state: "failed", reason: "status", httpStatus: 500 });
    expect(await runNow("/redirect")).toMatchObject({
      state: "failed",
      reason: "redirected",
      httpStatus: 308,
    });
    expect(await runNow("/hang")).toMatchObject({ state: "failed", reason: "timed_out", calls: 1 });
    expect(await runNow("/break")).toMatchObject({ state: "failed", reason: "connection_lost" });
    expect(followed).toBe(false);
    for (const response of held) response.destroy();

    await control.client().setSchedule({ app: "shop", schedule: "/500", retries: 1 });
    const ids: string[] = [];
    const key = loadOrCreateKey(control.layout.scheduleKey);
    routes.set("/500", (request, response) => {
      const host = request.headers.host!.replace(/:\d+$/, "");
      const told = readScheduleCall(key, host, String(request.headers[scheduleCallHeader]));
      ids.push(Object.fromEntries(told)["x-schedule-execution-id"]!);
      response.writeHead(500).end();
    });
    const { id } = await control.client().runSchedule({ app: "shop", schedule: "/500" });
    const waiting = async () => (await runs("/500"))[0]!;
    await until("the second call is due later", async () => (await waiting()).nextCallAtMs !== undefined);
    expect((await waiting()).nextCallAtMs! - Date.now()).toBeGreaterThan(5_000);
    await database.query("UPDATE schedule_runs SET start_at = now() WHERE id = $1", [id]);
    control.control!.parts.scheduler.nudge();
    expect(await ended("/500", id)).toMatchObject({ state: "failed", calls: 2 });
    expect(ids).toEqual([id, id]);
  },
  limitMs,
);

test(
  "a time that comes while the run before is under way is skipped, waits or runs beside it",
  async () => {
    const held: ServerResponse[] = [];
    control.edge.routes.set("/slow", (_, response) => void held.push(response));
    await deploy(["/slow"]);
    const states = async () => (await runs("/slow")).map(({ state, reason }) => reason ?? state);
    const release = async (count: number) => {
      await until("calls arrive", () => held.length >= count);
      for (const response of held.splice(0)) response.end();
    };
    const set = (overlap: "skip" | "queue" | "allow") =>
      control.client().setSchedule({ app: "shop", schedule: "/slow", overlap });

    await control.client().runSchedule({ app: "shop", schedule: "/slow" });
    await until("it runs", async () => (await states())[0] === "running");
    await makeDue("/slow");
    await until("the time is skipped", async () => (await states()).includes("overlap"));
    // From here on only what is asked for.
    await control.client().pauseSchedule({ app: "shop", schedule: "/slow" });

    await set("queue");
    await control.client().runSchedule({ app: "shop", schedule: "/slow" });
    await release(1);
    await release(1);
    await until(
      "both have run",
      async () => (await states()).filter((one) => one === "succeeded").length === 2,
    );

    await set("allow");
    for (let count = 0; count < 3; count++)
      await control.client().runSchedule({ app: "shop", schedule: "/slow" });
    await release(3);
    await until(
      "all have run",
      async () => (await states()).filter((one) => one === "succeeded").length === 5,
    );
  },
  limitMs,
);

test(
  "promoting and rolling back switch the schedules; settings, history and what stays the same outlive it",
  async () => {
    const first = await deploy(["/a", "/b"]);
    await control
      .client()
      .setSchedule({ app: "shop", schedule: "b", overlap: "queue", missed: "all", retries: 3 });
    expect((await runNow("/b")).state).toBe("succeeded");
    const due = new Date("2030-01-01T00:00:00Z");
    await database.query("UPDATE schedule_jobs SET next_at = $1", [due]);
    await deploy(["/a", "/c"]);
    expect((await schedules()).map(({ name, state }) => [name, state])).toEqual([
      ["/a", "active"],
      ["/c", "active"],
      ["/b", "absent"],
    ]);
    expect((await schedule("/a"))!.nextAtMs).toBe(due.getTime());
    await expect(control.client().runSchedule({ app: "shop", schedule: "/b" })).rejects.toMatchObject({
      code: "schedule_not_released",
      status: 409,
    });
    expect((await control.client().rollback({ app: "shop" })).release.deployment).toBe(first.id);
    expect(await schedule("/b")).toMatchObject({
      ...{ state: "active", overlap: "queue", missed: "all", retries: 3, deployment: first.id },
      lastRun: { state: "succeeded" },
    });
    expect((await schedule("/c"))!.state).toBe("absent");
    expect((await schedule("/c"))!.nextAtMs).toBeUndefined();
  },
  limitMs,
);

test(
  "a paused schedule lets its times pass, runs when it is asked to, and goes on from now; each act is on record",
  async () => {
    let calls = 0;
    control.edge.routes.set("/a", (_, response) => {
      calls++;
      response.end();
    });
    await deploy(["/a"]);
    await makeDue("/a");
    await until("it is called", () => calls >= 1);
    const named = { app: "shop", schedule: "/a" };
    expect(await control.client().pauseSchedule(named)).toMatchObject({ state: "paused" });
    expect((await schedule("/a"))!.nextAtMs).toBeUndefined();
    await database.query("UPDATE schedule_jobs SET decided_through = now() - interval '1 hour'");
    expect((await runNow("/a")).state).toBe("succeeded");
    const before = Date.now();
    const resumed = await control.client().resumeSchedule(named);
    expect(resumed).toMatchObject({ state: "active" });
    expect(resumed.nextAtMs!).toBeGreaterThan(before);
    expect((await runs("/a")).filter(({ reason }) => reason === "missed")).toEqual([]);
    await control.client().setSchedule({ ...named, limitMs: 5_000 });
    const { entries } = await control.client().listAudit({ app: "shop" });
    expect(entries.map(({ action }) => action).filter((action) => action.startsWith("schedule."))).toEqual([
      "schedule.set",
      "schedule.resume",
      "schedule.run",
      "schedule.pause",
    ]);
    await expect(control.client().pauseSchedule({ app: "shop", schedule: "/b" })).rejects.toMatchObject({
      code: "schedule_unknown",
      status: 404,
    });
  },
  limitMs,
);

test(
  "what was under way when control was killed is called again with its id, and what was due meanwhile is made up for once",
  async () => {
    await control.control!.stop();
    control.control = undefined;
    await control.startProcess();
    const held: ServerResponse[] = [];
    let calls = 0;
    control.edge.routes.set("/a", (_, response) => {
      calls++;
      held.push(response);
    });
    await deploy(["/a", "/late"]);
    const { id } = await control.client().runSchedule({ app: "shop", schedule: "/a" });
    await until("it is called", () => calls === 1);
    await control.killProcess();
    for (const response of held.splice(0)) response.destroy();
    await database.query(
      `UPDATE schedule_jobs SET definition = jsonb_set(definition, '{cron}', '"*/10 * * * *"'),
         decided_through = date_trunc('hour', now()) - interval '59 minutes', next_at = date_trunc('hour', now()) - interval '50 minutes'
       WHERE name = '/late'`,
    );
    const restartedAtMs = Date.now();
    await control.startProcess();
    await until("it is called again", () => calls === 2);
    for (const response of held) response.end();
    expect(await ended("/a", id)).toMatchObject({ state: "succeeded", calls: 2 });
    expect((await runs("/a")).map((run) => run.id)).toEqual([id]);
    // Times that came since then are not missed.
    const late = (await runs("/late")).filter(({ scheduledAtMs }) => scheduledAtMs <= restartedAtMs);
    expect(late.length).toBeGreaterThanOrEqual(6);
    expect(late.slice(1).every(({ reason }) => reason === "missed")).toBe(true);
    expect(new Set(late.map(({ scheduledAtMs }) => scheduledAtMs)).size).toBe(late.length);
    expect((await ended("/late", late[0]!.id)).state).toBe("succeeded");
  },
  limitMs,
);

test(
  "the generated secret is rotated with an overlap, calls carry the new one, and the old one never comes back",
  async () => {
    const seen: IncomingHttpHeaders[] = [];
    control.edge.routes.set("/api/cron", (request, response) => {
      seen.push(request.headers);
      response.end("done");
    });
    const client = control.client();
    const first = await deploy(["/api/cron"], { withFunction: true });
    const environmentOf = (id: string) => control.host.hosted.get(id)!.environment;
    const old = environmentOf(first.id)["CRON_SECRET"]!;
    const wish = { app: "shop", name: "CRON_SECRET", value: "rotated-by-hand", overlapMs: 60_000 };
    const { deployments } = await client.rotateVariable(wish);
    await control.finished(deployments[0]!);
    const both = { CRON_SECRET: "rotated-by-hand", CRON_SECRET_PREVIOUS: old };
    expect(environmentOf(deployments[0]!)).toMatchObject(both);
    expect(await runNow("/api/cron")).toMatchObject({ state: "succeeded" });
    expect(seen.at(-1)!["authorization"]).toBe("Bearer rotated-by-hand");
    await control.finished((await client.endOverlap({ app: "shop", name: "CRON_SECRET" })).deployments[0]!);
    const removed = await client.removeVariable({ app: "shop", name: "CRON_SECRET" });
    await control.finished(removed.deployments[0]!);
    const next = await deploy(["/api/cron"], { withFunction: true });
    for (const id of [removed.deployments[0]!, next.id])
      expect(Object.values(environmentOf(id))).not.toContain(old);
    await expect(client.rotateVariable({ ...wish, name: "DATABASE_URL" })).rejects.toMatchObject({
      code: "variable_unknown",
    });
  },
  limitMs,
);
