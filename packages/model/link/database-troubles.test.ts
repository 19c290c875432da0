import { expect, test } from "bun:test";
import { parseAppName } from "../ids.ts";
import { databaseTroubles } from "./database-troubles.ts";
import type { DatabaseReport } from "./databases-protocol.ts";

const dayMs = 86_400_000;
const now = 1_000 * dayMs;
const report = (changes: Partial<DatabaseReport>): DatabaseReport => ({
  ...{ app: parseAppName("shop"), environment: "production", id: "one", state: "running", port: 5432 },
  ...{
    createdAtMs: now - 100 * dayMs,
    sizeBytes: 0,
    nextBackupMs: now,
    archive: "/archive",
    verifiedEveryDays: 7,
    epoch: 1,
  },
  terms: { schedule: [], zeroLoss: false, upkeep: [], failoverChecks: 0 },
  verification: { id: "v", startedMs: now - dayMs, verdict: "passed" },
  ...changes,
});
const troubles = (changes: Partial<DatabaseReport>) => databaseTroubles(report(changes), now);
const verified = (daysAgo: number, verdict: "passed" | "failed" | "running") => ({
  verification: { id: "v", startedMs: now - daysAgo * dayMs, verdict },
});

test("a database that is archived and verified in time has no troubles", () => {
  expect(troubles({})).toEqual([]);
  expect(troubles(verified(8.9, "passed"))).toEqual([]);
  expect(troubles(verified(50, "passed")).length).toBe(1);
  expect(troubles({ ...verified(50, "passed"), verifiedEveryDays: 0 })).toEqual([]);
});

test("a failed verification, one that never came, and an archive that gets nothing are named", () => {
  expect(troubles(verified(0.5, "failed"))).toEqual([expect.stringContaining("shop/production")]);
  expect(troubles(verified(0.5, "running"))).toEqual([]);
  expect(troubles({ verification: undefined as never })).toEqual([
    expect.stringContaining("was not verified for"),
  ]);
  expect(troubles({ archiveError: { code: "archive_unavailable", message: "it is away" } })).toEqual([
    "Nothing of the database of shop/production reaches the archive: it is away",
  ]);
  expect(troubles({ archiveBehindMs: 600_000, ...verified(1, "failed") }).length).toBe(2);
});
