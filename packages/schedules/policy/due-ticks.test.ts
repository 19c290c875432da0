import { expect, test } from "bun:test";
import { type DueTick, dueTicks } from "./due-ticks.ts";
import type { MissedPolicy } from "./schedule-policy.ts";

const noon = Date.UTC(2026, 5, 1, 12);
const minute = 60_000;
const job = (missed: MissedPolicy, decidedThroughMs: number) => ({
  ...{ cron: "* * * * *", timezone: "UTC", missed, decidedThroughMs },
});
const running = (ticks: DueTick[]) =>
  ticks.filter((tick) => tick.runs).map((tick) => (tick.scheduledAtMs - noon) / minute);

test("a tick that is due runs under each policy, and is decided once", () => {
  for (const missed of ["once", "all", "skip"] as const) {
    const due = dueTicks(job(missed, noon - minute), noon + 300);
    expect(due).toEqual({
      ticks: [{ scheduledAtMs: noon, late: false, runs: true }],
      decidedThroughMs: noon,
      nextMs: noon + minute,
    });
    expect(dueTicks(job(missed, due.decidedThroughMs), noon + 300).ticks).toEqual([]);
  }
});

test("of ten missed minutes one runs, all run, or only what is on time", () => {
  const nowMs = noon + 10 * minute + 5_000;
  const due = (missed: MissedPolicy) => dueTicks(job(missed, noon), nowMs);
  expect(due("once").ticks).toHaveLength(10);
  expect(running(due("once").ticks)).toEqual([10]);
  expect(running(due("all").ticks)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(running(due("skip").ticks)).toEqual([10]);
  expect(running(dueTicks({ ...job("skip", noon), cron: "0 * * * *" }, noon + 62 * minute).ticks)).toEqual(
    [],
  );
  expect(running(dueTicks({ ...job("once", noon), cron: "0 * * * *" }, noon + 62 * minute).ticks)).toEqual([
    60,
  ]);
});

test("decided a few at a time, the outcome is the same", () => {
  for (const missed of ["once", "all", "skip"] as const) {
    const nowMs = noon + 100 * minute + 1;
    const whole = dueTicks(job(missed, noon), nowMs).ticks;
    const parts: DueTick[] = [];
    for (let decided = noon; parts.length < whole.length; ) {
      const due = dueTicks(job(missed, decided), nowMs, 7);
      parts.push(...due.ticks);
      decided = due.decidedThroughMs;
    }
    expect(parts).toEqual(whole);
  }
});

test("a clock that went back brings nothing, and a month of downtime no more than a week of ticks", () => {
  expect(dueTicks(job("all", noon), noon - 30 * minute).ticks).toEqual([]);
  const due = dueTicks(job("all", noon - 31 * 86_400_000), noon, 20_000);
  expect(due.ticks).toHaveLength(7 * 24 * 60);
});
