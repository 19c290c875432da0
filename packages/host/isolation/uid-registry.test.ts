import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AppName } from "@evenkeel/model";
import { firstUid, UidRegistry } from "./uid-registry.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-uid-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const wholeMachine = "         0          0 4294967295\n";
const smallContainer = "         0     100000      65536\n";

test("each app has a uid of its own that a later host finds again", () => {
  const path = join(folder, "host/uids.json");
  const first = new UidRegistry(path, () => 50_000);
  expect(first.identity("one" as AppName)).toEqual({ uid: 50_000, gid: 50_000 });
  expect(first.identity("two" as AppName).uid).toBe(50_001);
  const second = new UidRegistry(path, () => 90_000);
  expect(second.identity("two" as AppName).uid).toBe(50_001);
  expect(second.identity("three" as AppName).uid).toBe(50_002);
});

test("uids come from a range of the data directory that nobody else uses, or from what a container has", () => {
  const first = firstUid("/home/a/.evenkeel", wholeMachine);
  expect(first).toBeGreaterThanOrEqual(1_900_000_000);
  expect(first + 10_000).toBeLessThanOrEqual(2_147_352_575);
  expect(firstUid("/home/b/.evenkeel", wholeMachine)).not.toBe(first);
  expect(firstUid("/home/a/.evenkeel", smallContainer)).toBe(40_000);
});
