import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AppName, FunctionId } from "@evenkeel/model";
import { readCodeFolder } from "../isolation/code-folder.ts";
import { CodeStore } from "./code-store.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-code-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const app = "shop" as AppName;
const fn = "a".repeat(64) as FunctionId;
const owner = { app, function: fn, runtimeFolder: "/node/24" };

test("what the first instance left is kept for its function and runtime, and goes with the function", () => {
  const store = new CodeStore(join(folder, "code"));
  expect(store.find(owner)).toBeUndefined();
  store.keep(owner, new Map());
  expect(store.find(owner)).toBeUndefined();
  store.keep(owner, new Map([["v24/one", new Uint8Array([1])]]));
  store.keep(owner, new Map([["v24/one", new Uint8Array([2])]]));
  expect([...readFileSync(join(store.find(owner)!, "v24/one"))]).toEqual([1]);
  expect(store.find({ ...owner, runtimeFolder: "/node/22" })).toBeUndefined();
  store.prune(app, new Set([fn]));
  expect(store.find(owner)).toBeDefined();
  store.prune(app, new Set());
  expect(store.find(owner)).toBeUndefined();
});

test("only plain files are taken from an app's folder: no link, no pipe, nothing empty", () => {
  mkdirSync(join(folder, "v24"));
  writeFileSync(join(folder, "v24/good"), "compiled");
  writeFileSync(join(folder, "v24/empty"), "");
  symlinkSync("/etc/passwd", join(folder, "v24/link"));
  symlinkSync("/etc", join(folder, "etc"));
  Bun.spawnSync(["mkfifo", join(folder, "v24/pipe")]);
  expect([...readCodeFolder(folder).keys()]).toEqual(["v24/good"]);
});
