import { expect, test } from "bun:test";
import { parseAppName } from "../ids.ts";
import { branchHost, branchLabel } from "./host-names.ts";

const app = parseAppName("shop");

test("a branch becomes a label that a host name can hold", () => {
  expect(branchHost(app, "feature/Check-Out_2", "localhost")).toBe("shop-git-feature-check-out-2.localhost");
});

test("long branches are cut to a label and stay apart", () => {
  const one = branchHost(app, `${"x".repeat(80)}1`, "localhost");
  const two = branchHost(app, `${"x".repeat(80)}2`, "localhost");
  expect(one).not.toBe(two);
  expect(one.split(".")[0]!.length).toBeLessThanOrEqual(63);
});

test("a branch without any usable character still has an alias", () => {
  expect(branchHost(app, "ééé", "localhost")).toMatch(/^shop-git-branch-[a-z0-9]{6}\.localhost$/);
});

test("a label's label is itself", () => {
  for (const branch of ["feature/x", "é", "x".repeat(90)]) {
    const label = branchLabel(app, branch);
    expect(branchLabel(app, label)).toBe(label);
  }
});
