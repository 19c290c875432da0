import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runbookTypes, runbookTypesFile } from "./runbook-types.ts";

const repository = join(import.meta.dir, "../../..");
const tsc = join(repository, "node_modules/.bin/tsc");

/** What the compiler says of files in a folder outside this repository. */
function check(
  files: Record<string, string>,
  options: object = { module: "NodeNext", target: "ES2023" },
): string {
  const folder = mkdtempSync(join(tmpdir(), "ek-types-"));
  try {
    const compilerOptions = { strict: true, noEmit: true, types: [], ...options };
    const tsconfig = JSON.stringify({ compilerOptions, files: Object.keys(files) });
    for (const [name, text] of Object.entries({ ...files, "tsconfig.json": tsconfig }))
      writeFileSync(join(folder, name), text);
    return Bun.spawnSync([process.execPath, tsc, "-p", folder]).stdout.toString();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const types = { [runbookTypesFile]: runbookTypes() };

test("an app outside has its runbook checked without a package, and is told of a key that there is not", () => {
  const runbook = (key: string) => `import type { Runbook } from "./${runbookTypesFile}";
export default {
  rollbackTriggers: { error_rate: { threshold: "5%", window: "5 minutes", action: "immediate_rollback" }, manual_triggers: ["a bug"] },
  ${key}: { error_rate: "< 1%" },
  featureFlags: { production: { EDITOR: false }, LIMIT: 8 },
  migrationProcess: { prod: { apply: "additive_only" } },
} satisfies Runbook;
`;
  expect(check({ ...types, "runbook.ts": runbook("performanceTargets") })).toBe("");
  expect(check({ ...types, "runbook.ts": runbook("performanceTarget") })).toContain("performanceTarget");
}, 60_000);

test("the file says what the package says", () => {
  const same = `import type { Runbook as Ours } from "${join(repository, "packages/runbook/index.ts")}";
import type { Runbook as Theirs } from "./${runbookTypesFile}";
export const there = (ours: Ours): Theirs => ours;
export const back = (theirs: Theirs): Ours => theirs;
export const keys: keyof Ours extends keyof Theirs ? true : never = true;
`;
  const bundler = { module: "Preserve", moduleResolution: "bundler", lib: ["ESNext"], types: ["bun"] };
  const typeRoots = [join(repository, "node_modules/@types")];
  expect(
    check(
      { ...types, "same.ts": same },
      { ...bundler, typeRoots, allowImportingTsExtensions: true, skipLibCheck: true },
    ),
  ).toBe("");
}, 60_000);
