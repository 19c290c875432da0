import { expect, test } from "bun:test";
import { roomLimits } from "../room/room-limits.ts";
import type { RoomOutcome } from "../room/run-in-room.ts";
import { explainFailure } from "./explain-failure.ts";

const limits = roomLimits({ memoryBytes: 512 * 1024 ** 2, wallTimeMs: 60_000 });
const ended = (outcome: Partial<RoomOutcome>): RoomOutcome => ({
  exitCode: 1,
  outOfMemory: false,
  processesRefused: false,
  isolated: true,
  settled: true,
  ...outcome,
});

test.each<[Partial<RoomOutcome>, string[], string, string]>([
  [{ ended: "wall_time" }, [], "build_timed_out", "longer than 1 min"],
  [{ ended: "cancelled" }, [], "build_cancelled", "cancelled"],
  [{ ended: "disk", endReason: "it wrote too much" }, [], "build_disk_full", "it wrote too much"],
  [{}, ["Error: ENOSPC: no space left on device, write"], "build_disk_full", "space"],
  [{ outOfMemory: true, exitCode: 137 }, ["Killed"], "build_out_of_memory", "512 MiB"],
  [{ exitCode: 134 }, ["FATAL ERROR: JavaScript heap out of memory"], "build_out_of_memory", "512 MiB"],
  [
    {},
    ["Error: No Next.js version detected. Make sure your package.json has next"],
    "framework_version_missing",
    "Next.js",
  ],
  [{ exitCode: 2 }, ["tsc", "", "src/a.ts(1,1): error TS1"], "build_failed", "src/a.ts(1,1)"],
  [{ processesRefused: true }, ["fork: retry"], "build_failed", "exit code 1"],
])("%p with the log %p is %s", (outcome, lines, code, words) => {
  const failure = explainFailure(ended(outcome), limits, lines)!;
  expect(failure.code).toBe(code);
  expect(failure.message).toContain(words);
});

test("a build that ended well did not fail, whatever its log says", () => {
  expect(explainFailure(ended({ exitCode: 0 }), limits, ["ENOSPC"])).toBeUndefined();
});
