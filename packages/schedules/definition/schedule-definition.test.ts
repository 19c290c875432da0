import { expect, test } from "bun:test";
import type { FunctionId, FunctionSpec } from "@evenkeel/model";
import { scheduleDefinitions } from "./schedule-definition.ts";
import { scheduleProblem } from "./schedule-problem.ts";
import { declaredSchedules } from "./written-schedules.ts";

const output = (rest: object) => ({
  ...{ crons: [], functions: { "api/sync": "f" as FunctionId } },
  functionsById: { f: { maxDurationS: 15 } as FunctionSpec, g: { maxDurationS: 300 } as FunctionSpec },
  ...rest,
});

test("a cron is named by its path, and by its expression too where several call the path", () => {
  const crons = [
    { path: "/api/sync", schedule: "0 5 * * *" },
    { path: "/api/sync", schedule: "0  6 * * *" },
    { path: "/api/sync", schedule: "0 6 * * *" },
    { path: "/other?full=1", schedule: "0 7 * * *" },
  ];
  const definitions = scheduleDefinitions(output({ crons }));
  expect(definitions.map(({ name, maxDurationS }) => [name, maxDurationS])).toEqual([
    ["/api/sync@0 5 * * *", 15],
    ["/api/sync@0 6 * * *", 15],
    ["/other?full=1", 300],
  ]);
});

test("a schedule has its name, zone, method and jitter", () => {
  const schedules = [
    {
      ...{ name: "report", cron: "0 9 * * *", timezone: "Europe/Berlin", jitterMinutes: 5 },
      target: { path: "/api/sync", method: "POST" },
    },
  ];
  expect(scheduleDefinitions(output({ schedules }))).toEqual([
    {
      ...{ name: "report", cron: "0 9 * * *", timezone: "Europe/Berlin", path: "/api/sync", method: "POST" },
      ...{ jitterMinutes: 5, maxDurationS: 15, source: "schedules" },
    },
  ]);
});

test("a function is asked for at its path by POST, whether its file or its path is named", () => {
  for (const name of [
    "api/sync",
    "api/sync.ts",
    "/api/sync.mjs",
    "app/api/sync/route.ts",
    "src/pages/api/sync.js",
  ]) {
    const [schedule] = declaredSchedules({ sync: { schedule: "0 * * * *", function: name } });
    expect(
      scheduleProblem({ schedules: { sync: { schedule: "0 * * * *", function: name } } }),
    ).toBeUndefined();
    expect(scheduleDefinitions(output({ schedules: [schedule] }))[0]).toMatchObject({
      ...{ name: "sync", path: "/api/sync", method: "POST", maxDurationS: 15 },
    });
  }
});

test("an object by name and an array declare the same", () => {
  const declared = [
    {
      ...{ name: "report", cron: "0 9 * * *", timezone: "Europe/Berlin", jitterMinutes: 5 },
      target: { path: "/a", method: "POST" },
    },
  ];
  const rest = { timezone: "Europe/Berlin" };
  expect(
    declaredSchedules({
      report: { ...rest, schedule: "0 9 * * *", jitter: 5, path: "/a", requestMethod: "POST" },
    }),
  ).toEqual(declared);
  const expression = { cron: "0 9 * * *", jitter: 5 };
  expect(
    declaredSchedules([{ ...rest, name: "report", expression, target: { path: "/a", method: "POST" } }]),
  ).toEqual(declared);
});

test.each([
  [{ crons: [{ path: "/a", schedule: "60 * * * *" }] }, ["crons", 0, "schedule"], "minute 60"],
  [{ crons: [{ path: "/a b", schedule: "0 * * * *" }] }, ["crons", 0, "path"], "cannot be asked for"],
  [
    { crons: Array.from({ length: 10_000 }, () => ({ path: "/a", schedule: "0 * * * *" })) },
    ["crons"],
    "100 is the most",
  ],
  [
    { schedules: { "a b": { schedule: "0 * * * *", path: "/a" } } },
    ["schedules", "a b"],
    "cannot be a schedule's",
  ],
  [
    { schedules: { a: { schedule: "0 * * * *", timezone: "Mars/A", path: "/a" } } },
    ["schedules", "a", "timezone"],
    "no time zone",
  ],
  [{ schedules: { a: { schedule: "0 * * * *", topic: "a" } } }, ["schedules", "a"], "no queues"],
  [{ schedules: { a: { schedule: "0 * * * *", function: "a b" } } }, ["schedules", "a"], "cannot be one"],
  [
    { schedules: [{ name: "a", expression: { cron: "*/0 * * * *" }, target: { path: "/a" } }] },
    ["schedules", 0, "expression", "cron"],
    "no step",
  ],
  [
    {
      schedules: [
        { name: "a", expression: { cron: "0 * * * *" }, target: { path: "/a" } },
        { name: "a", expression: { cron: "0 * * * *" }, target: { path: "/b" } },
      ],
    },
    ["schedules", 1],
    "stands twice",
  ],
  [
    { schedules: { a: { schedule: "0 * * * *", path: "/a", requestMethod: "TRACE" } } },
    ["schedules", "a"],
    "TRACE",
  ],
])("a declaration that cannot be kept is refused with its place: case %#", (file, path, message) => {
  const problem = scheduleProblem(file);
  expect(problem?.path).toEqual(path);
  expect(problem?.message).toContain(message);
});
