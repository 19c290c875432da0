import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HomeLayout, homeLayout } from "@evenkeel/model";
import { sweepArtifacts } from "../retention/sweep-artifacts.ts";
import { listOutputs } from "../store/read-output.ts";
import { verifyOutput } from "../store/verify-output.ts";

const rounds = 12;
const fileCount = 150;

let layout: HomeLayout;
let project: string;
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), "ek-crash-"));
  layout = homeLayout(join(folder, "home"));
  project = join(folder, "project");
});
afterEach(() => rmSync(join(layout.home, ".."), { recursive: true, force: true }));

function writeOutput(version: number): void {
  rmSync(project, { recursive: true, force: true });
  const output = join(project, ".vercel/output");
  const tree = join(output, "functions/f.func");
  mkdirSync(join(output, "static"), { recursive: true });
  mkdirSync(tree, { recursive: true });
  writeFileSync(join(output, "config.json"), '{"version":3}');
  writeFileSync(join(tree, ".vc-config.json"), '{"runtime":"nodejs24.x","handler":"0.js"}');
  for (let index = 0; index < fileCount; index++) {
    writeFileSync(join(output, `static/${index}.js`), `export default ${version * index};\n`.repeat(200));
    writeFileSync(join(tree, `${index}.js`), `exports.value = ${version} + ${index};`);
  }
}

/** An import in a process of its own, which says `begun` and `done`. */
function importInProcess() {
  const program = `
    const { importOutput } = await import(${JSON.stringify(join(import.meta.dir, "import-output.ts"))});
    const { homeLayout } = await import("@evenkeel/model");
    console.log("begun");
    await importOutput(homeLayout(process.argv[1]), { output: process.argv[2] + "/.vercel/output", project: process.argv[2], boundary: process.argv[2] });
    console.log("done");`;
  return Bun.spawn([process.execPath, "-e", program, layout.home, project], {
    cwd: import.meta.dir,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
}

const sha256 = (path: string) => new Bun.CryptoHasher("sha256").update(readFileSync(path)).digest("hex");

/** A name in the store stands for its bytes, an output that exists is whole. */
async function expectConsistent(): Promise<void> {
  for (const folder of existsSync(layout.artifactFiles) ? readdirSync(layout.artifactFiles) : []) {
    for (const name of readdirSync(join(layout.artifactFiles, folder))) {
      expect(sha256(join(layout.artifactFiles, folder, name))).toBe(name);
    }
  }
  for (const { id } of await listOutputs(layout)) expect(await verifyOutput(layout, id)).toEqual([]);
}

test("an import that is killed at any moment leaves a consistent store, and the next one completes it", async () => {
  let killed = 0;
  for (let round = 0; round < rounds; round++) {
    writeOutput(round + 1);
    const child = importInProcess();
    const reader = child.stdout.getReader();
    await reader.read();
    // From the first step to after the last, a little later each time; what is hit does not matter.
    await Bun.sleep(round * 12);
    child.kill("SIGKILL");
    await child.exited;
    const rest = await reader.read();
    if (rest.done) killed++;
    await expectConsistent();
  }
  expect(killed).toBeGreaterThan(0);
  expect(await importInProcess().exited).toBe(0);
  await expectConsistent();
  const outputs = await listOutputs(layout);
  expect(outputs.length).toBeGreaterThan(0);

  // All goes but one: what the killed imports left goes with it.
  const kept = outputs.at(-1)!;
  await sweepArtifacts(layout, outputs.slice(0, -1));
  expect(readdirSync(layout.artifactOutputs)).toEqual([`${kept.id}.json`]);
  expect(readdirSync(layout.artifactTrees)).toHaveLength(1);
  expect(existsSync(join(layout.artifacts, "staging"))).toBe(false);
  expect(await verifyOutput(layout, kept.id)).toEqual([]);
}, 120_000);
