import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { copyPackage } from "./binaries-copy.ts";
import { completePackage } from "./complete-package.ts";
import { prepareServerBinaries } from "./server-binaries.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync("/tmp/ek-bin-");
  chmodSync(folder, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const versionOf = (program: string) => Bun.spawnSync([program, "--version"]).stdout.toString();

test("the prepared server runs and is the version it says", async () => {
  const [first, second] = await Promise.all([prepareServerBinaries(), prepareServerBinaries()]);
  expect(first).toEqual(second);
  expect(versionOf(first.postgres)).toContain(`(PostgreSQL) ${first.version}`);
  expect(versionOf(first.initdb)).toContain(`(PostgreSQL) ${first.version}`);
});

const packaged = await prepareServerBinaries();
const native = dirname(dirname(packaged.postgres));

test.if(packaged.source === "npm")(
  "a copy is made once, complete, and runs without its origin's links",
  () => {
    const copy = copyPackage(native, "18.test", folder);
    expect(copyPackage(native, "18.test", folder)).toBe(copy);
    expect(versionOf(join(copy, "bin/postgres"))).toContain("PostgreSQL");
    expect(readdirSync(folder)).toEqual(["postgresql-18.test"]);
  },
  30_000,
);

test.if(packaged.source === "npm")(
  "wrong and missing links are put right",
  () => {
    const copy = copyPackage(native, "18.test", folder);
    const link = readdirSync(join(copy, "lib")).find((name) =>
      /^libicuuc\.so\.\d+$|^libicuuc\.\d+\.dylib$/.test(name),
    )!;
    const right = readlinkSync(join(copy, "lib", link));
    rmSync(join(copy, "lib", link));
    symlinkSync("nowhere", join(copy, "lib", link));
    completePackage(copy);
    expect(readlinkSync(join(copy, "lib", link))).toBe(right);
    expect(existsSync(join(copy, "lib", link))).toBe(true);
  },
  30_000,
);
