import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  type BuildOutput,
  type HomeLayout,
  homeLayout,
  type OutputId,
  outputPath,
  parseAppName,
} from "@evenkeel/model";
import { importOutput } from "../import/import-output.ts";
import { listOutputs } from "../store/read-output.ts";
import { verifyOutput } from "../store/verify-output.ts";
import { removeBuildCaches, sweepBuildFolders } from "../vercel-build/build-folder.ts";
import { planRetention } from "./plan-retention.ts";
import { sweepArtifacts } from "./sweep-artifacts.ts";

let layout: HomeLayout;
let project: string;
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), "ek-retention-"));
  layout = homeLayout(join(folder, "home"));
  project = join(folder, "project");
});
afterEach(() => rmSync(join(layout.home, ".."), { recursive: true, force: true }));

function bring(files: Record<string, string>): Promise<BuildOutput> {
  rmSync(project, { recursive: true, force: true });
  const output = join(project, ".vercel/output");
  const all = {
    "config.json": '{"version":3}',
    "functions/f.func/.vc-config.json": '{"runtime":"nodejs24.x","handler":"i.js"}',
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(output, path)), { recursive: true });
    writeFileSync(join(output, path), text);
  }
  return importOutput(layout, { output, project, boundary: project });
}

const big = (text: string) => text.repeat(1_000);
const one = { "static/shared.js": big("shared"), "static/one.js": big("one"), "functions/f.func/i.js": "1" };
const two = { "static/shared.js": big("shared"), "static/two.js": big("two"), "functions/f.func/i.js": "2" };
const ageAll = async () => {
  for (const { id } of await listOutputs(layout)) utimesSync(outputPath(layout, id), 1_000, 1_000);
};

test("what is needed and what is young stays, everything else goes", () => {
  const id = (name: string) => name as OutputId;
  const outputs = [
    { id: id("needed"), importedAtMs: 0 },
    { id: id("old"), importedAtMs: 0 },
    { id: id("just"), importedAtMs: 500 },
    { id: id("young"), importedAtMs: 501 },
  ];
  const plan = planRetention(outputs, new Set([id("needed")]), 1_000, 500);
  expect(plan.remove.map((output) => output.id)).toEqual([id("old"), id("just")]);
  expect(plan.keep.map((output) => output.id)).toEqual([id("needed"), id("young")]);
});

test("a sweep takes an output's own files and trees, and leaves those that another shares", async () => {
  const first = await bring(one);
  const second = await bring(two);
  await ageAll();
  const plan = planRetention(await listOutputs(layout), new Set([second.id]), Date.now());
  const result = await sweepArtifacts(layout, plan.remove);
  // one.js with its three precompressed forms, and i.js
  expect(result).toMatchObject({ outputs: 1, trees: 1, files: 5 });
  expect(result.freedBytes).toBeGreaterThan(3_000);
  expect(await verifyOutput(layout, second.id)).toEqual([]);
  await expect(verifyOutput(layout, first.id)).rejects.toMatchObject({ code: "output_missing" });
  expect(await sweepArtifacts(layout, plan.remove)).toEqual({
    outputs: 0,
    trees: 0,
    files: 0,
    freedBytes: 0,
  });
});

test("an output that is imported again after the plan was made stays", async () => {
  const { id } = await bring(one);
  await ageAll();
  const plan = planRetention(await listOutputs(layout), new Set(), Date.now());
  expect(plan.remove).toHaveLength(1);
  await bring(one);
  expect((await sweepArtifacts(layout, plan.remove)).outputs).toBe(0);
  expect(await verifyOutput(layout, id)).toEqual([]);
});

test("imports and sweeps at once never leave an output without its files", async () => {
  const imports = Array.from({ length: 12 }, (_, index) => {
    project = join(layout.home, "..", `project-${index}`);
    return bring(index % 2 === 0 ? one : two);
  });
  const sweeps = Array.from({ length: 6 }, () => sweepArtifacts(layout, []));
  const outputs = await Promise.all(imports);
  await Promise.all(sweeps);
  for (const { id } of outputs) expect(await verifyOutput(layout, id)).toEqual([]);
});

test("a sweep tidies what crashed imports left", async () => {
  const { id } = await bring(one);
  mkdirSync(join(layout.artifactTrees, ".unfinished-dead"));
  mkdirSync(join(layout.artifacts, "staging/1-dead"), { recursive: true });
  mkdirSync(join(layout.artifactFiles, "zz"), { recursive: true });
  writeFileSync(join(layout.artifactFiles, "zz/orphan"), "12345");
  const { freedBytes } = await sweepArtifacts(layout, []);
  expect(freedBytes).toBe(5);
  expect(readdirSync(layout.artifactTrees)).toHaveLength(1);
  expect(await verifyOutput(layout, id)).toEqual([]);
});

test("folders of builds that are not under way go; caches stay until their app goes", async () => {
  for (const name of ["dead", "alive", ".cache/shop/production"]) {
    mkdirSync(join(layout.builds, name), { recursive: true });
  }
  expect(await sweepBuildFolders(layout, new Set(["alive"]))).toBe(1);
  expect(readdirSync(layout.builds).sort()).toEqual([".cache", "alive"]);
  await removeBuildCaches(layout, parseAppName("shop"));
  expect(readdirSync(join(layout.builds, ".cache"))).toEqual([]);
});
