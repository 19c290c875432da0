import { expect, test } from "bun:test";
import { expiredBranches } from "./branch-limits.ts";

const dayMs = 86_400_000;
const now = 100 * dayMs;
const branch = (name: string, unusedDays: number, sizeBytes = 10) => ({
  name,
  createdMs: 0,
  usedMs: now - unusedDays * dayMs,
  sizeBytes,
});

test("idle branches go, then the longest unused until the rest fits", () => {
  const branches = [branch("a", 1), branch("b", 20), branch("c", 5), branch("d", 9)];
  expect(expiredBranches(branches, {}, now)).toEqual([{ name: "b", reason: "it was not used for too long" }]);
  expect(expiredBranches(branches, { totalBytes: 20 }, now).map(({ name }) => name)).toEqual(["b", "d"]);
  expect(expiredBranches(branches, { idleMs: 30 * dayMs }, now)).toEqual([]);
});
