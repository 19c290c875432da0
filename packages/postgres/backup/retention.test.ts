import { expect, test } from "bun:test";
import { type WalInventory, walCoverage } from "../archive/wal-inventory.ts";
import { formatLsn, lsn, parseLsn, segmentName } from "../wal/lsn.ts";
import { parseTimelineHistory } from "../wal/timeline-history.ts";
import { parseBackupClause } from "./backup-schedule.ts";
import { planRetention } from "./retention.ts";

const dayMs = 86_400_000;
const now = Date.parse("2026-03-31T03:00:00Z");
const at = (segment: number) => formatLsn(lsn(BigInt(segment) * 0x100_0000n + 0x28n));
const name = (segment: number) => segmentName(1, lsn(BigInt(segment) * 0x100_0000n));

/** One backup a day, ten segments of WAL a day. */
function days(count: number, label = "daily") {
  return Array.from({ length: count }, (_, index) => {
    const day = count - 1 - index;
    const segment = 1_000 - day * 10;
    return {
      id: `${label}-${day}`,
      label,
      timeline: 1,
      startLsn: at(segment),
      stopLsn: at(segment),
      stoppedMs: now - day * dayMs,
    };
  });
}
const inventory = (from: number): WalInventory => ({
  segments: new Set(Array.from({ length: 1_005 - from }, (_, index) => name(from + index))),
  tails: new Map(),
  histories: new Map([[1, parseTimelineHistory(1, "")]]),
  begunMs: new Map(),
});
const clauses = (...texts: string[]) => texts.map(parseBackupClause);

test("a daily clause keeps its days, and the continuous window keeps its WAL and the backup before it", () => {
  const plan = planRetention({
    backups: days(40),
    inventory: inventory(500),
    clauses: clauses("daily 02:00 UTC, 30 days", "continuous, 7 days"),
    nowMs: now,
  });
  expect(plan.expiredBackups).toEqual(
    days(40)
      .slice(0, 10)
      .map(({ id }) => id),
  );
  // Everything from the backup seven days ago on; before it, each kept backup's own.
  expect(plan.expiredSegments).not.toContain(name(930));
  expect(plan.expiredSegments).toContain(name(929));
  expect(plan.expiredSegments).not.toContain(name(900));
  expect(plan.expiredSegments).not.toContain(name(901));
  expect(plan.expiredSegments).toContain(name(902));
  expect(plan.expiredSegments).toContain(name(600));
});

test("every point of the continuous window, and every kept backup, can be restored after expiry", () => {
  const backups = [
    ...days(40),
    ...days(12, "weekly").map((backup, index) => ({
      ...backup,
      stoppedMs: now - (11 - index) * 7 * dayMs,
      startLsn: at(1_000 - (11 - index) * 70),
      stopLsn: at(1_000 - (11 - index) * 70),
    })),
  ];
  for (const window of ["1 day", "7 days", "10 days", "60 days"]) {
    const found = inventory(100);
    const plan = planRetention({
      backups,
      inventory: found,
      clauses: clauses("daily 02:00 UTC, 5 days", `continuous, ${window}`),
      nowMs: now,
    });
    for (const segment of plan.expiredSegments) found.segments.delete(segment);
    const kept = backups.filter(({ id }) => !plan.expiredBackups.includes(id));
    for (const backup of kept) {
      expect(walCoverage(found, 1, parseLsn(backup.startLsn)).end).toBeGreaterThan(parseLsn(backup.stopLsn));
    }
    const length = Number.parseInt(window, 10) * dayMs;
    for (let point = now - length; point <= now; point += dayMs / 3) {
      const base = kept
        .filter(({ stoppedMs }) => stoppedMs <= point)
        .sort((a, b) => a.stoppedMs - b.stoppedMs)
        .at(-1);
      const possible = backups.some(({ stoppedMs }) => stoppedMs <= point);
      expect(base !== undefined).toBe(possible);
      if (base) expect(walCoverage(found, 1, parseLsn(base.startLsn)).gap).toBe(false);
    }
  }
});

test("the newest backup and its WAL stay although every clause has run out", () => {
  const plan = planRetention({
    backups: days(3).map((backup) => ({ ...backup, stoppedMs: backup.stoppedMs - 400 * dayMs })),
    inventory: inventory(900),
    clauses: clauses("daily 02:00 UTC, 30 days"),
    nowMs: now,
  });
  expect(plan.kept).toEqual([{ id: "daily-0", reason: "it is the newest" }]);
  expect(plan.expiredSegments).toContain(name(999));
  expect(plan.expiredSegments).not.toContain(name(1_000));
  expect(plan.expiredSegments).not.toContain(name(1_004));
});

test("without any backup nothing is removed", () => {
  const plan = planRetention({ backups: [], inventory: inventory(900), clauses: [], nowMs: now });
  expect(plan).toEqual({ expiredBackups: [], expiredSegments: [], kept: [] });
});

test("backups that no clause names are kept for their own time", () => {
  const backups = days(3, "migration");
  const keep = (otherKeepMs: number) =>
    planRetention({ backups, inventory: inventory(900), clauses: [], nowMs: now, otherKeepMs })
      .expiredBackups;
  expect(keep(1.5 * dayMs)).toEqual(["migration-2"]);
  expect(keep(30 * dayMs)).toEqual([]);
});

test("hours that a restore undid stay in the window; when they have left it, only the present timeline counts", () => {
  // Half-way through day 3 all was set back to half-way through day 5: timeline 2 leaves 1 at segment 955.
  const backups = days(10).map((backup, index) => (index > 6 ? { ...backup, timeline: 2 } : backup));
  const found = inventory(900);
  const onTwo = (segment: number) => segmentName(2, lsn(BigInt(segment) * 0x100_0000n));
  for (let segment = 955; segment < 1_005; segment++) found.segments.add(onTwo(segment));
  found.histories.set(2, parseTimelineHistory(2, `1\t${at(955)}\tbefore 2026-03-26\n`));
  found.begunMs.set(2, now - 2.5 * dayMs);
  const plan = (window: string) =>
    planRetention({
      backups,
      inventory: found,
      clauses: clauses("daily 02:00 UTC, 1 day", `continuous, ${window}`),
      nowMs: now,
    });
  const kept = (window: string) => plan(window).kept.map(({ id }) => id);
  // On the way left, points from day 3 on need the backup of that day; on the present way, those of day 5.
  expect(kept("72 h")).toEqual(["daily-5", "daily-3", "daily-0"]);
  expect(plan("72 h").expiredSegments).not.toContain(name(980));
  expect(plan("72 h").expiredSegments).toContain(name(949));
  // The way was left before this window begins.
  expect(kept("58 h")).toEqual(["daily-5", "daily-0"]);
  expect(plan("58 h").expiredSegments).not.toContain(name(953));
  expect(plan("58 h").expiredSegments).not.toContain(onTwo(956));
});
