import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SchedulerWatch } from "./scheduler-watch.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-beat-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a scheduler whose sign of life stands still is told once, within a minute, and so is its return", () => {
  const path = join(folder, "scheduler.beat");
  const said: string[] = [];
  let nowMs = 0;
  const watch = new SchedulerWatch(
    path,
    (line) => said.push(line),
    () => nowMs,
  );
  const after = (ms: number) => {
    nowMs += ms;
    return watch.look().state;
  };
  for (let beat = 0; beat < 20; beat++) {
    writeFileSync(path, String(beat));
    expect(after(5_000)).toBe("running");
  }
  expect(after(15_000)).toBe("running");
  expect(after(15_000)).toBe("stalled");
  expect(after(15_000)).toBe("stalled");
  expect(said).toEqual(["scheduler: no sign of life for 30 s; scheduled jobs do not run"]);
  writeFileSync(path, "back");
  expect(after(2_000)).toBe("running");
  expect(said).toHaveLength(2);
});

test("one that never came to life is told, too", () => {
  const said: string[] = [];
  let nowMs = 0;
  const watch = new SchedulerWatch(
    join(folder, "none"),
    (line) => said.push(line),
    () => nowMs,
  );
  nowMs = 31_000;
  expect(watch.look().state).toBe("stalled");
  expect(said).toHaveLength(1);
});
