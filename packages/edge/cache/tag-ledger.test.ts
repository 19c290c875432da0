import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCacheDatabase } from "./cache-database.ts";
import { SharedGeneration } from "./shared-generation.ts";
import { combine, TagLedger } from "./tag-ledger.ts";

let folder: string;
const closers: (() => void)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-tags-"));
});
afterEach(() => {
  for (const close of closers.splice(0)) close();
  rmSync(folder, { recursive: true, force: true });
});

function openLedger(): TagLedger {
  const database = openCacheDatabase(join(folder, "c.sqlite"), false);
  const durable = openCacheDatabase(join(folder, "c.sqlite"), true);
  closers.push(() => {
    database.close();
    durable.close();
  });
  return new TagLedger(database, durable, new SharedGeneration(join(folder, "generation")));
}

test("what has expired stays expired when its tag is marked again", () => {
  const ledger = openLedger();
  ledger.mark("s", ["t"], { expiredMs: 1_000 });
  ledger.mark("s", ["t"], { staleMs: 2_000, deadlineMs: Date.now() + 1e9 });
  expect(ledger.judge("s", ["t"], 500).expiresAtMs).toBe(1_000);
  const between = ledger.judge("s", ["t"], 1_500);
  expect(between.stale).toBe(true);
  expect(between.expiresAtMs).toBeGreaterThan(Date.now());
  expect(ledger.judge("s", ["t"], 2_001)).toEqual({ stale: false, expiresAtMs: Number.POSITIVE_INFINITY });
});

test("a deadline that has passed expires what it was for, and only that", () => {
  const before = { staleMs: 100, expiredMs: null, deadlineMs: 200 };
  expect(combine(before, { staleMs: 300 }, 250)).toEqual({ staleMs: 300, expiredMs: 100, deadlineMs: null });
  expect(combine(before, { staleMs: 150, deadlineMs: 900 }, 150)).toEqual({
    staleMs: 150,
    expiredMs: null,
    deadlineMs: 200,
  });
});

test("another process sees a mark at its next look, also for scopes that it had never read", () => {
  const one = openLedger();
  const two = openLedger();
  expect(two.judge("known", ["t"], 500).stale).toBe(false);
  one.mark("known", ["t"], { staleMs: 1_000 });
  one.mark("new", ["t"], { staleMs: 1_000 }, "crash");
  two.refresh();
  expect(two.judge("known", ["t"], 500).stale).toBe(true);
  expect(two.judge("new", ["t"], 500).stale).toBe(true);
  expect(two.judge("other", ["t"], 500).stale).toBe(false);
});

test("too many tags become a floor under which everything has expired", () => {
  const ledger = openLedger();
  const tags = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => `t${from + index}`);
  ledger.mark("s", tags(0, 60_000), { expiredMs: 1_000 }, "crash");
  ledger.mark("s", tags(60_000, 60_000), { expiredMs: 2_000 }, "crash");
  expect(ledger.judge("s", ["never marked"], 999).expiresAtMs).toBe(0);
  expect(ledger.judge("s", ["never marked"], 3_000).stale).toBe(false);
  expect(ledger.judge("s", ["t119999"], 1_999).expiresAtMs).toBeLessThanOrEqual(2_000);
}, 60_000);
