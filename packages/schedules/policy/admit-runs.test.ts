import { expect, test } from "bun:test";
import { admitRuns, type WaitingRun } from "./admit-runs.ts";

const run = (id: string, rest: Partial<WaitingRun> = {}): WaitingRun => ({
  ...{ id, job: "job", overlap: "skip", takesTurn: false, released: true, ...rest },
});

test("a run whose job is still running is skipped, waits or runs, as declared", () => {
  const running = new Set(["job"]);
  expect(admitRuns([run("1")], running)).toEqual({ run: [], skip: [{ id: "1", reason: "overlap" }] });
  expect(admitRuns([run("1", { overlap: "queue", takesTurn: true })], running)).toEqual({
    run: [],
    skip: [],
  });
  expect(admitRuns([run("1", { overlap: "allow" })], running)).toEqual({ run: ["1"], skip: [] });
});

test("of several runs of one job the first goes; other jobs do not wait for it", () => {
  const late = { takesTurn: true };
  const admission = admitRuns([run("1", late), run("2", late), run("3", { job: "other" })], new Set());
  expect(admission).toEqual({ run: ["1", "3"], skip: [] });
});

test("a run of a job that is no longer released does not take place", () => {
  expect(admitRuns([run("1", { released: false })], new Set()).skip).toEqual([
    { id: "1", reason: "not_released" },
  ]);
});
