import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeFileDurably } from "./durable-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-disk-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a file is written with its mode, in folders that are made, and leaves no temporary file", () => {
  const path = join(folder, "a/b/secret");
  writeFileDurably(path, "value", 0o600);
  expect(readFileSync(path, "utf8")).toBe("value");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(folder, "a/b"))).toEqual(["secret"]);
});

test("a write that cannot be finished leaves the old bytes and no temporary file", () => {
  const path = join(folder, "taken");
  writeFileDurably(join(path, "inside"), "old");
  expect(() => writeFileDurably(path, "new")).toThrow();
  expect(readdirSync(folder)).toEqual(["taken"]);
  expect(readFileSync(join(path, "inside"), "utf8")).toBe("old");
});

test("bytes of an existing file are replaced whole", () => {
  const path = join(folder, "state");
  writeFileSync(path, "x".repeat(100));
  writeFileDurably(path, new Uint8Array([1, 2, 3]));
  expect([...readFileSync(path)]).toEqual([1, 2, 3]);
});
