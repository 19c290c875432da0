import { expect, test } from "bun:test";
import type { ClaimedRun } from "./claim-runs.ts";
import { ScheduleMeasures } from "./schedule-measures.ts";

test("the first call of a run tells how late it is; a failure counts once, when nothing follows any more", () => {
  const told: unknown[] = [];
  const measures = new ScheduleMeasures({
    record: ({ detail }, signal, value) => told.push([detail, signal, value]),
    count: ({ detail }, signal) => told.push([detail, signal]),
  });
  const run = {
    app: "shop",
    definition: { name: "/api/daily" },
    scheduledAtMs: 1_000,
    failures: 0,
  } as unknown as ClaimedRun;
  measures.called(run, 1_250);
  measures.ended(run, { reason: "status", durationMs: 5 }, true);
  measures.called({ ...run, failures: 1 }, 60_000);
  measures.ended(run, { reason: "status", durationMs: 5 }, false);
  measures.ended(run, { durationMs: 5 }, false);
  expect(told).toEqual([
    ["/api/daily", "schedule_lateness", 250],
    ["/api/daily", "schedule_failures"],
  ]);
});
