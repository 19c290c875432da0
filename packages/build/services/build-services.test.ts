import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  type BuildOutput,
  functionTreePath,
  type HomeLayout,
  homeLayout,
  outputPath,
  parseAppName,
  slugPath,
} from "@evenkeel/model";
import { inspectSource } from "../detect/inspect-source.ts";
import { importOutput } from "../import/import-output.ts";
import { planRetention } from "../retention/plan-retention.ts";
import { sweepArtifacts } from "../retention/sweep-artifacts.ts";
import { listOutputs } from "../store/read-output.ts";
import { verifyOutput } from "../store/verify-output.ts";
import { provisionToolchain } from "../toolchain/provision-toolchain.ts";
import { type BuildFolder, buildFolder, removeBuildFolder } from "../vercel-build/build-folder.ts";
import { buildServices, emptyOutput } from "./build-services.ts";

const limitMs = 120_000;
let layout: HomeLayout;
let folder: BuildFolder;
beforeEach(() => {
  const home = mkdtempSync(join(tmpdir(), "ek-services-"));
  layout = { ...homeLayout(home), toolchain: "/var/tmp/evenkeel-test-toolchain" };
  folder = buildFolder(layout, "b1");
});
afterEach(() => rmSync(layout.home, { recursive: true, force: true }));

function source(files: Record<string, string | object>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.source, path)), { recursive: true });
    writeFileSync(join(folder.source, path), typeof content === "string" ? content : JSON.stringify(content));
  }
}

async function build(): Promise<{ output: BuildOutput; log: string }> {
  const plan = await inspectSource(folder.source);
  const tools = await provisionToolchain(layout, plan.tools);
  const lines: string[] = [];
  const options = {
    ...{ folder, plan, tools, app: parseAppName("shop"), target: "production" as const },
    environment: { API_KEY: "hunter2-long" },
    secrets: { KEY: "hunter2-long" },
    onLog: ({ text }: { text: string }) => void lines.push(text),
  };
  const services = await buildServices(layout, options, plan.services!, plan.vercel);
  const output = await importOutput(layout, { ...emptyOutput(options), services });
  await removeBuildFolder(layout, folder.id);
  return { output, log: lines.join("\n") };
}

test("Heroku's steps by package manager, and what a repository has to say to be built by Vercel too", async () => {
  const scripts = { build: "x", "heroku-postbuild": "y", "heroku-cleanup": "z" };
  const planned = async (files: Record<string, string | object>) => {
    rmSync(folder.source, { recursive: true, force: true });
    source({ Procfile: "web: node a.js", ...files });
    const plan = await inspectSource(folder.source);
    return { vercel: plan.vercel, steps: plan.services!.steps.map(({ argv }) => argv.join(" ")) };
  };
  expect(await planned({})).toEqual({ vercel: false, steps: [] });
  expect(
    await planned({ "package.json": { dependencies: { next: "16" }, scripts: { build: "b" } } }),
  ).toEqual({
    vercel: false,
    steps: ["npm install --include=dev", "npm run build", "npm prune --omit=dev"],
  });
  expect(
    await planned({ "package.json": { scripts }, "package-lock.json": "{}", "vercel.json": "{}" }),
  ).toEqual({
    vercel: true,
    steps: [
      "npm ci --include=dev",
      "npm run heroku-postbuild",
      "npm prune --omit=dev",
      "npm run heroku-cleanup",
    ],
  });
  const pnpm = await planned({ "package.json": {}, "pnpm-lock.yaml": "lockfileVersion: '9.0'" });
  expect(pnpm.steps).toEqual([
    "pnpm install --prod=false --frozen-lockfile",
    "pnpm prune --prod --ignore-scripts",
  ]);
  const yarn = await planned({ "package.json": {}, "yarn.lock": "# yarn lockfile v1" });
  expect(yarn.steps[1]).toBe("yarn install --production --ignore-scripts --prefer-offline --frozen-lockfile");
  const berry = await planned({ "package.json": {}, "yarn.lock": "__metadata:\n  version: 8\n" });
  expect(berry.steps).toEqual(["yarn install --immutable", "yarn workspaces focus --all --production"]);
  rmSync(join(folder.source, "Procfile"));
  expect((await inspectSource(folder.source)).services).toBeUndefined();
});

test(
  "the files of services are stored once, executables and safe links as they were, and go when nothing needs them",
  async () => {
    const files = {
      Procfile: "web: ./run.sh\nworker: node w.js",
      Aptfile: "# tools\ncoreutils\n",
      "package.json": {
        scripts: {
          build:
            "node -e \"require('fs').writeFileSync('built.txt', process.env.API_KEY + process.env.NODE_ENV)\" && chmod +x run.sh && ln -s /app/run.sh absolute && ln -s missing dangling && ln -s /usr/bin/env program && echo key $API_KEY",
        },
      },
      "run.sh": "#!/bin/sh\nexec node server.js\n",
      "big.js": "x".repeat(5_000),
    };
    source(files);
    const { output, log } = await build();
    expect(log).toContain("key [KEY]");
    expect(output.services).toMatchObject({
      processes: { web: "./run.sh", worker: "node w.js" },
      ...{ folder: "", runtime: "nodejs24.x", systemPackages: ["coreutils"] },
    });
    const tree = functionTreePath(layout, output.services!.slug);
    expect(readFileSync(join(tree, "built.txt"), "utf8")).toBe("hunter2-longproduction");
    expect(lstatSync(join(tree, "run.sh")).mode & 0o777).toBe(0o555);
    expect(["absolute", "dangling", "program"].map((name) => readlinkSync(join(tree, name)))).toEqual([
      ...["run.sh", "missing", "/usr/bin/env"],
    ]);
    expect(await verifyOutput(layout, output.id)).toEqual([]);

    source({ ...files, "w.js": "new" });
    const next = (await build()).output;
    const inode = (slug: string, path: string) => lstatSync(join(functionTreePath(layout, slug), path)).ino;
    for (const path of ["run.sh", "big.js"]) {
      expect(inode(next.services!.slug, path)).toBe(inode(output.services!.slug, path));
    }
    for (const { id } of await listOutputs(layout)) utimesSync(outputPath(layout, id), 1_000, 1_000);
    const plan = planRetention(await listOutputs(layout), new Set([next.id]), Date.now());
    expect(await sweepArtifacts(layout, plan.remove)).toMatchObject({ outputs: 1, trees: 1 });
    expect(existsSync(slugPath(layout, output.services!.slug))).toBe(false);
    expect(await verifyOutput(layout, next.id)).toEqual([]);
    expect(readdirSync(layout.artifactSlugs)).toHaveLength(1);
  },
  limitMs,
);

test(
  "links out of the app, pipes, and failing scripts are refused with what is wrong",
  async () => {
    source({ Procfile: "web: a" });
    symlinkSync("/etc/passwd", join(folder.source, "passwords"));
    await expect(build()).rejects.toMatchObject({
      code: "output_path_refused",
      message: expect.stringContaining("passwords"),
    });
    rmSync(join(folder.source, "passwords"));
    Bun.spawnSync(["mkfifo", join(folder.source, "pipe")]);
    await expect(build()).rejects.toMatchObject({ code: "output_invalid" });
    rmSync(join(folder.source, "pipe"));
    source({ "package.json": { scripts: { build: "echo no compiler; exit 4" } } });
    await expect(build()).rejects.toMatchObject({
      code: "build_failed",
      message: expect.stringContaining("no compiler"),
    });
    source({ Aptfile: "coreutils\nno-such-package-a no-such-package-b\n" });
    await expect(build()).rejects.toMatchObject({
      code: "system_packages_missing",
      hint: "Install them, then deploy again: apt-get install no-such-package-a no-such-package-b",
    });
  },
  limitMs,
);
