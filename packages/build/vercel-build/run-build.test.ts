import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { functionTreePath, type HomeLayout, homeLayout, parseAppName } from "@evenkeel/model";
import type { ProjectSettings } from "../detect/build-plan.ts";
import { inspectSource } from "../detect/inspect-source.ts";
import { importOutput } from "../import/import-output.ts";
import { isolationMissing } from "../room/room-isolation.ts";
import type { RoomLimits } from "../room/room-limits.ts";
import { provisionToolchain } from "../toolchain/provision-toolchain.ts";
import { type BuildFolder, buildFolder, removeBuildFolder } from "./build-folder.ts";
import { type BuildLogLine, runBuild } from "./run-build.ts";

/** Shared by all suites of this machine; provisioning it takes a minute the first time. */
const toolchain = "/var/tmp/evenkeel-test-toolchain";
const slowMs = 300_000;

let layout: HomeLayout;
let folder: BuildFolder;
beforeEach(() => {
  layout = { ...homeLayout(mkdtempSync(join(tmpdir(), "ek-build-"))), toolchain };
  folder = buildFolder(layout, "b1");
});
afterEach(() => rmSync(layout.home, { recursive: true, force: true }));

function source(files: Record<string, string | object>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.source, path)), { recursive: true });
    writeFileSync(join(folder.source, path), typeof content === "string" ? content : JSON.stringify(content));
  }
}

interface BuildOptions {
  settings?: ProjectSettings;
  limits?: Partial<RoomLimits>;
  target?: "production" | "preview";
}

async function build({ settings, limits, target = "production" }: BuildOptions = {}) {
  const lines: BuildLogLine[] = [];
  const plan = await inspectSource(folder.source, settings);
  const tools = await provisionToolchain(layout, plan.tools);
  const built = runBuild(layout, {
    folder,
    plan,
    tools,
    app: parseAppName("shop"),
    target,
    environment: { CI: "1", VERCEL: "1", VERCEL_ENV: target, API_KEY: "hunter2-long", LIMIT: "5" },
    secrets: { API_KEY: "hunter2-long", LIMIT: "5" },
    limits,
    onLog: (line) => lines.push(line),
  });
  const result = await built.catch((error) => error);
  return { result, log: lines.map(({ text }) => text).join("\n") };
}

test(
  "a static site with a function is built, imported, and the same source gives the same output",
  async () => {
    source({
      "public/index.html": "<h1>shop</h1>",
      "api/hello.ts":
        "export default (req: any, res: any) => res.json({ node: process.version, key: process.env.API_KEY });",
      "package.json": {
        private: true,
        scripts: { build: "node -e \"console.log('key', process.env.API_KEY, process.version)\"" },
        engines: { node: "22.x" },
      },
      "vercel.json": {
        cleanUrls: true,
        crons: [{ path: "/api/hello", schedule: "0 5 * * *" }],
        // As documented; the CLI knows neither the form nor the target.
        schedules: {
          report: { schedule: "0 9 * * *", timezone: "Europe/Berlin", path: "/api/hello", jitter: 5 },
        },
      },
    });
    const { result, log } = await build();
    expect(log).toMatch(/^Building without a framework with Node 22\.\d+\.\d+ \(engines\) and npm 10\./);
    expect(log).toContain("key [API_KEY] v22.");
    expect(log).not.toContain("hunter2");
    expect(log).not.toContain("Build not running on Vercel");
    const output = await importOutput(layout, result);
    expect(output.functions["api/hello"]).toBeString();
    const spec = output.functionsById[output.functions["api/hello"]!]!;
    expect(spec).toMatchObject({ kind: "node", runtime: "nodejs22.x", shouldAddHelpers: true });
    expect(existsSync(`${functionTreePath(layout, spec.id)}/${spec.handler}`)).toBe(true);
    expect(output.files["index"]).toMatchObject({ contentType: "text/html; charset=utf-8" });
    expect(output.crons).toEqual([{ path: "/api/hello", schedule: "0 5 * * *" }]);
    expect(output.schedules).toEqual([
      {
        ...{ name: "report", cron: "0 9 * * *", timezone: "Europe/Berlin", jitterMinutes: 5 },
        target: { path: "/api/hello", method: "GET" },
      },
    ]);
    const again = await importOutput(layout, (await build()).result);
    expect(again.id).toBe(output.id);
    await removeBuildFolder(layout, folder.id);
    expect(existsSync(folder.path)).toBe(false);
  },
  slowMs,
);

test(
  "an app in a monorepo's folder is built with its dependencies",
  async () => {
    source({
      "package.json": { private: true, workspaces: ["apps/*", "packages/*"] },
      "packages/words/package.json": { name: "words", version: "1.0.0", main: "index.js" },
      "packages/words/index.js": "module.exports = 'from the package';",
      "apps/web/package.json": { name: "web", version: "1.0.0", dependencies: { words: "1.0.0" } },
      "apps/web/public/index.html": "web",
      "apps/web/api/words.js": "module.exports = (req, res) => res.send(require('words'));",
    });
    const { result } = await build({ settings: { rootDirectory: "apps/web" } });
    const output = await importOutput(layout, result);
    const spec = output.functionsById[output.functions["api/words"]!]!;
    const paths = spec.tree.map(({ path }) => path);
    expect(paths.some((path) => path.endsWith("packages/words/index.js"))).toBe(true);
    const require = Bun.spawnSync([
      join(toolchain, "node/24/bin/node"),
      "-p",
      `typeof require(${JSON.stringify(`${functionTreePath(layout, spec.id)}/${spec.handler}`)})`,
    ]);
    expect(require.stdout.toString().trim()).toBe("function");
  },
  slowMs,
);

test(
  "a build that fails says so with its last lines, its exit code, and without secrets",
  async () => {
    source({
      "public/index.html": "x",
      "package.json": {
        scripts: { build: "node -e \"console.error('broken', process.env.API_KEY); process.exit(3)\"" },
      },
    });
    const { result } = await build({ target: "preview" });
    expect(result).toMatchObject({ code: "build_failed", fault: "user" });
    expect(result.message).toContain("broken [API_KEY]");
  },
  slowMs,
);

test(
  "a framework that is not installed is named",
  async () => {
    source({ "package.json": { scripts: { build: "echo" } } });
    const { result } = await build({ settings: { framework: "nextjs" } });
    expect(result).toMatchObject({
      code: "framework_version_missing",
      hint: expect.stringContaining("package.json"),
    });
  },
  slowMs,
);

test(
  "a build beyond its time is ended",
  async () => {
    source({ "public/index.html": "x", "package.json": { scripts: { build: "sleep 1000" } } });
    const { result } = await build({ limits: { wallTimeMs: 3_000 } });
    expect(result.code).toBe("build_timed_out");
  },
  slowMs,
);

test.if(isolationMissing().length === 0)(
  "a build beyond its memory is ended, and the machine's own file is not to be read",
  async () => {
    const secret = join(layout.home, "master.key");
    writeFileSync(secret, "the key", { mode: 0o644 });
    const program = `
      try { console.log(require("fs").readFileSync(${JSON.stringify(secret)}, "utf8")) } catch (e) { console.log(e.code) }
      const kept = []; for (;;) kept.push(Buffer.alloc(1e7, 1));`;
    source({
      "public/index.html": "x",
      "build.js": program,
      "package.json": { scripts: { build: "node build.js" } },
    });
    const { result, log } = await build({ limits: { memoryBytes: 400 * 1024 ** 2 } });
    expect(log).toContain("ENOENT");
    expect(log).not.toContain("the key");
    expect(result).toMatchObject({
      code: "build_out_of_memory",
      message: expect.stringContaining("400 MiB"),
    });
  },
  slowMs,
);

const mounted = (point: string) => readFileSync("/proc/mounts", "utf8").includes(` ${point} `);

test.if(isolationMissing().length === 0)(
  "a build on a full disk is ended with that reason",
  async () => {
    const point = join(layout.home, "small");
    mkdirSync(point);
    const mount = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", point]);
    expect(mount.success).toBe(true);
    try {
      layout = { ...layout, builds: point };
      folder = buildFolder(layout, "b1");
      source({
        "public/index.html": "x",
        "package.json": { scripts: { build: "head -c 100000000 /dev/zero > filled" } },
      });
      const { result } = await build({ limits: { diskReserveBytes: 0 } });
      expect(result.code).toBe("build_disk_full");
    } finally {
      Bun.spawnSync(["umount", "-l", point]);
      expect(mounted(point)).toBe(false);
    }
  },
  slowMs,
);
