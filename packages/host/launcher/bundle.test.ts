import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureLauncherBundle } from "./bundle.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-bundle-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("the bundle is one file named by its content, needs only Node's own modules, and names no place of this machine", async () => {
  const [path, same] = await Promise.all([
    ensureLauncherBundle(join(folder, "a")),
    ensureLauncherBundle(join(folder, "a")),
  ]);
  expect(same).toBe(path);
  expect(readdirSync(join(folder, "a"))).toEqual([path.split("/").at(-1)!]);
  const code = readFileSync(path, "utf8");
  const imports = [...code.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name!);
  expect(imports.filter((name) => !/^(node:|fs$|crypto$)/.test(name))).toEqual([]);
  expect(code).not.toContain(import.meta.dir);
});

test("a file that is there is not written again", async () => {
  const path = await ensureLauncherBundle(join(folder, "b"));
  const other = join(folder, "c");
  const copy = join(other, path.split("/").at(-1)!);
  mkdirSync(other);
  writeFileSync(copy, "kept");
  expect(await ensureLauncherBundle(other)).toBe(copy);
  expect(readFileSync(copy, "utf8")).toBe("kept");
});
