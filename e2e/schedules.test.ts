import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./harness/http.ts";
import { type Deployed, TestPlatform } from "./harness/platform.ts";
import { writePrebuilt } from "./harness/prebuilt.ts";

interface Run {
  id: string;
  state: string;
  reason?: string;
  scheduledAtMs: number;
  startedAtMs?: number;
  askedBy?: string;
  calls: number;
  httpStatus?: number;
  deployment?: string;
  requestId?: string;
}

interface Schedule {
  name: string;
  state: string;
  overlap: string;
  retries: number;
}

interface Status {
  processes: { name: string; pid: number; state: string }[];
  scheduler?: { state: string };
}

const minute = 60_000;

let platform: TestPlatform;
beforeAll(async () => {
  platform = await TestPlatform.start();
}, 120_000);
afterAll(() => platform?.stop(), 120_000);

/** As Vercel's documentation has it, and it says which run it was called for. */
const guarded = `module.exports = (request, response) => {
  if (request.headers.authorization !== "Bearer " + process.env.CRON_SECRET) return response.writeHead(401).end();
  console.log("ran " + request.headers["x-schedule-execution-id"]);
  response.end();
};`;

const crons = (...declared: [path: string, schedule: string][]) => ({
  config: { crons: declared.map(([path, schedule]) => ({ path, schedule })) },
  functions: {
    "api/tick": guarded,
    "api/fails": "module.exports = (_, response) => response.writeHead(500).end();",
    "api/moves":
      "module.exports = (_, response) => response.writeHead(307, { location: '/api/tick' }).end();",
    "api/hangs": "module.exports = () => {};",
  },
  settings: { maxDuration: 2 },
});

const schedules = () => platform.json<Schedule[]>("schedules", "shop");
const history = (name: string) => platform.json<Run[]>("schedules", "history", "shop", name);
const printed = async (text: string) => (await platform.must("logs", "shop")).split(text).length - 1;

/** Undefined while the supervisor cannot say. */
async function status(): Promise<Status | undefined> {
  const told = JSON.parse((await platform.run("status", "--json")).stdout) as Status & { error?: object };
  return told.error ? undefined : told;
}

async function controlPid(): Promise<number> {
  const seen = await eventually(
    status,
    (now) => now?.processes.find(({ name }) => name === "control")?.state === "running",
  );
  return seen!.processes.find(({ name }) => name === "control")!.pid;
}

describe("scheduled jobs of an app", () => {
  let deployed: Deployed;

  test("are called with the app's secret, and answers other than 2xx are told as what they are", async () => {
    const folder = writePrebuilt(
      platform.sourceFolder("shop"),
      crons(
        ["/api/tick", "* * * * *"],
        ["/api/fails", "0 5 1 1 *"],
        ["/api/moves", "0 5 1 1 *"],
        ["/api/hangs", "0 5 1 1 *"],
      ),
    );
    deployed = await platform.deploy(folder, "--prebuilt", "--app", "shop", "--prod");
    const ask = (name: string) => platform.run("schedules", "run", "shop", name, "--json");
    const outcome = async (name: string) => {
      const { exitCode, stdout } = await ask(name);
      const { state, reason, httpStatus } = JSON.parse(stdout) as Run;
      return [exitCode, state, reason, httpStatus];
    };
    expect(await outcome("/api/fails")).toEqual([1, "failed", "status", 500]);
    expect(await outcome("/api/moves")).toEqual([1, "failed", "redirected", 307]);
    expect(await outcome("/api/hangs")).toEqual([1, "failed", "timed_out", 504]);
    // Beside the clock's own, which may be under way in this very moment.
    await platform.must("schedules", "set", "shop", "/api/tick", "--overlap", "allow");
    expect(await outcome("/api/tick")).toEqual([0, "succeeded", undefined, 200]);
    const run = (await history("/api/tick")).find(({ askedBy }) => askedBy !== undefined)!;
    expect(run).toMatchObject({
      deployment: deployed.id,
      calls: 1,
      requestId: expect.stringContaining("::"),
    });
    await eventually(
      () => printed(`ran ${run.id}`),
      (times) => times === 1,
    );
  }, 120_000);

  test("cannot be called by somebody who only says to be the scheduler", async () => {
    const spoofed = {
      "user-agent": "vercel-cron/1.0",
      "x-vercel-cron-schedule": "* * * * *",
      "x-schedule-execution-id": "spoofed",
    };
    expect((await platform.get("shop.localhost", "/api/tick", spoofed)).status).toBe(401);
    const guess = { ...spoofed, authorization: "Bearer undefined" };
    expect((await platform.get("shop.localhost", "/api/tick", guess)).status).toBe(401);
    expect(await printed("ran spoofed")).toBe(0);
  }, 60_000);

  test("that cannot be kept are refused by line, field and remedy, and those of before stay", async () => {
    const before = await schedules();
    for (const [schedule, words] of [
      ["* * * * * *", "has 6 fields"],
      ["60 * * * *", "the minute 60 does not exist"],
      ["31 2 *", "has 3 fields"],
      ["*/0 * * * *", "the minute step */0 is no step"],
    ] as const) {
      const folder = platform.sourceFolder(`bad-${schedule.length}`);
      writeFileSync(join(folder, "index.html"), "hello");
      writeFileSync(
        join(folder, "vercel.json"),
        `{\n  "crons": [\n    { "path": "/api/tick", "schedule": "${schedule}" }\n  ]\n}`,
      );
      const refused = await platform.failing("deploy", folder, "--app", "shop", "--prod", "--json");
      const { error } = JSON.parse(refused.stdout || refused.stderr) as {
        error: { message: string; hint: string };
      };
      expect(error.message).toContain("vercel.json, line 3");
      expect(error.message).toContain(`crons[0].schedule: "${schedule}"`);
      expect(error.message).toContain(words);
      expect(error.hint.length).toBeGreaterThan(10);
    }
    expect((await schedules()).map(({ name, state }) => [name, state])).toEqual(
      before.map(({ name, state }) => [name, state]),
    );
  }, 120_000);

  test("lose and double no time when control stops answering and is killed, which is told meanwhile", async () => {
    await platform.must("schedules", "set", "shop", "/api/tick", "--missed", "all");
    const stopped = await controlPid();
    const stoppedAtMs = Date.now();
    process.kill(stopped, "SIGSTOP");
    const told = await eventually(status, (now) => now?.scheduler?.state === "stalled", 60_000);
    expect(told?.scheduler?.state).toBe("stalled");
    expect((await platform.run("status")).stdout).toContain("Scheduled jobs do not run");
    // A time passes while nobody is there.
    await eventually(
      () => Date.now(),
      (nowMs) => Math.floor(nowMs / minute) > Math.floor(stoppedAtMs / minute),
      90_000,
    );
    process.kill(stopped, "SIGKILL");
    expect(await controlPid()).not.toBe(stopped);
    await eventually(status, (now) => now?.scheduler?.state === "running", 60_000);
    const ended = await eventually(
      () => history("/api/tick"),
      (runs) =>
        runs.some(({ scheduledAtMs, askedBy }) => askedBy === undefined && scheduledAtMs > stoppedAtMs) &&
        runs.every(({ state }) => state !== "waiting" && state !== "running"),
      60_000,
    );
    const byClock = ended.filter(({ askedBy }) => askedBy === undefined);
    const minutes = byClock.map(({ scheduledAtMs }) => scheduledAtMs / minute).reverse();
    expect(minutes).toEqual(minutes.map((_, index) => minutes[0]! + index));
    expect(byClock.map(({ state }) => state)).toEqual(byClock.map(() => "succeeded"));
    for (const { id, calls, scheduledAtMs } of byClock) {
      // What was under way when control stopped may have been called again, with the same id.
      if (scheduledAtMs < stoppedAtMs - 5_000 || scheduledAtMs > stoppedAtMs) expect(calls).toBe(1);
      // Lines come to the log within a second.
      await eventually(
        () => printed(`ran ${id}`),
        (times) => times >= calls,
      );
      expect(await printed(`ran ${id}`)).toBe(calls);
    }
  }, 240_000);

  test("follow a release and a rollback", async () => {
    const folder = writePrebuilt(platform.sourceFolder("shop"), crons(["/api/fails", "0 5 1 1 *"]));
    await platform.deploy(folder, "--prebuilt", "--app", "shop", "--prod");
    const states = async () =>
      Object.fromEntries((await schedules()).map(({ name, state }) => [name, state]));
    expect(await states()).toMatchObject({ "/api/fails": "active", "/api/tick": "absent" });
    await platform.must("rollback", "shop");
    expect(await states()).toMatchObject({ "/api/fails": "active", "/api/tick": "active" });
    expect((await schedules()).find(({ name }) => name === "/api/tick")!.overlap).toBe("allow");
    await platform.must("schedules", "pause", "shop", "/api/tick");
    expect(await states()).toMatchObject({ "/api/tick": "paused" });
  }, 120_000);
});

test("a private function is called by its schedule and by nobody else, and one that the build has not made is named", async () => {
  const app = (name: string) => ({
    config: {
      routes: [{ handle: "filesystem" }],
      schedules: { cleanup: { schedule: "0 5 1 1 *", timezone: "Europe/Berlin", function: name } },
    },
    functions: {
      "api/cleanup": `module.exports = (request, response) => {
        console.log(request.method, "for", request.headers["x-schedule-name"]);
        response.end();
      };`,
    },
    settings: { experimentalTriggers: [{ type: "schedule/v1beta" }] },
  });
  const folder = writePrebuilt(platform.sourceFolder("private"), app("api/cleanup.ts"));
  const words = ["--prebuilt", "--app", "private", "--prod"];
  await platform.deploy(folder, ...words);
  const spoofed = { "user-agent": "vercel-cron/1.0", "x-schedule-execution-id": "spoofed" };
  expect((await platform.get("private.localhost", "/api/cleanup", spoofed)).status).toBe(404);
  expect(await platform.json<Run>("schedules", "run", "private", "cleanup")).toMatchObject({
    ...{ state: "succeeded", httpStatus: 200 },
  });
  await eventually(
    () => platform.must("logs", "private"),
    (log) => log.includes("POST for cleanup"),
  );
  writePrebuilt(folder, app("api/other.ts"));
  expect((await platform.failing("deploy", folder, ...words)).stderr).toContain('"api/other.ts"');
}, 120_000);
