import { expect, test } from "bun:test";
import { readRunbook } from "@evenkeel/runbook";
import { databaseTerms } from "./database-terms.ts";

const terms = (value: unknown) => databaseTerms(readRunbook({ file: "runbook.ts", value }).plan);

test("backups, points in time and upkeep of a runbook are those of its database", () => {
  expect(
    terms({
      backupStrategy: {
        daily: { schedule: "02:00 UTC", retention: "30 days" },
        weekly: { schedule: "Sunday 01:00 UTC", retention: "12 weeks" },
        continuous: { retention: "14 days" },
        database: { daily: { retention: "60 days" } },
      },
      maintenance: { weekly: { schedule: "Sunday 03:00 UTC", sql: ["ANALYZE", "SELECT 1"] } },
    }),
  ).toEqual({
    schedule: ["daily 02:00 UTC, 60 days", "weekly Sunday 01:00 UTC, 84 days", "continuous, 14 days"],
    upkeep: [{ name: "weekly", when: "weekly Sunday 03:00 UTC", sql: "ANALYZE;\nSELECT 1" }],
  });
  expect(terms({ rateLimits: { tokens: "180k per minute" } })).toBeUndefined();
});

test("times that the keeper does not know are refused where they are written", () => {
  for (const value of [
    { backupStrategy: { monthly: { retention: "1 year" } } },
    { maintenance: { often: { schedule: "every 5 minutes", sql: "ANALYZE" } } },
    { backupStrategy: { daily: { schedule: "02:00 Europe/Berlin" } } },
  ])
    expect(() => terms(value)).toThrow("daily or weekly, at a time of UTC");
});
