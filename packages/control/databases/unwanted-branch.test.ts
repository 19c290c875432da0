import { expect, test } from "bun:test";
import { parseAppName } from "@evenkeel/model";
import type { BranchRow } from "./branch-store.ts";
import { type Previews, unwantedBecause } from "./unwanted-branch.ts";

const dayMs = 86_400_000;
const row: BranchRow = {
  app: parseAppName("shop"),
  appId: "one",
  branch: "feature-x",
  purpose: "preview",
  deployment: null,
  createdBy: "ann",
  idleDays: 14,
};
const host = "shop-git-feature-x.localhost";
const none: Previews = { hosts: new Set(), deployments: new Set(), coming: new Set() };
const at = { usedAtMs: 0, nowMs: dayMs, domain: "localhost" };

test("a preview's branch stays while its alias is there or on its way, and goes with it", () => {
  expect(unwantedBecause(row, { ...none, hosts: new Set([host]) }, at)).toBeUndefined();
  expect(unwantedBecause(row, { ...none, coming: new Set([host]) }, at)).toBeUndefined();
  expect(unwantedBecause(row, none, at)).toBe("its preview is gone");
  const alone = { ...row, branch: "ab3de5fgh", deployment: "ab3de5fgh" };
  expect(unwantedBecause(alone, { ...none, deployments: new Set(["ab3de5fgh"]) }, at)).toBeUndefined();
  expect(unwantedBecause(alone, none, at)).toBe("its preview is gone");
});

test("others stay until nobody has used them for long, or nobody wants them", () => {
  const manual: BranchRow = { ...row, purpose: "manual" };
  expect(unwantedBecause(manual, none, at)).toBeUndefined();
  expect(unwantedBecause(manual, none, { ...at, nowMs: 15 * dayMs })).toBe(
    "nobody was connected for 14 days",
  );
  expect(unwantedBecause(undefined, none, at)).toContain("it was removed");
});
