import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { inspectSource } from "./inspect-source.ts";
import { chooseNode } from "./node-version.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-detect-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(files: Record<string, string | object>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), typeof content === "string" ? content : JSON.stringify(content));
  }
}

const codeOf = (promise: Promise<unknown>) => promise.then(() => "taken").catch((error) => error.code);

test.each([
  ["package-lock.json", "{}", "npm", "11"],
  ["pnpm-lock.yaml", "lockfileVersion: '9.0'\n", "pnpm", "10"],
  ["pnpm-lock.yaml", "lockfileVersion: '6.0'\n", "pnpm", "8"],
  ["pnpm-lock.yaml", "lockfileVersion: 5.4\n", "pnpm", "7"],
  ["yarn.lock", "# yarn lockfile v1\n", "yarn", "1"],
  ["yarn.lock", "__metadata:\n  version: 8\n", "yarn", "4"],
  ["yarn.lock", "__metadata:\n  version: 6\n", "yarn", "3"],
  ["bun.lock", "{}", "bun", "1"],
])("%s with %p is installed by %s %s", async (lockfile, text, name, version) => {
  write({ "package.json": {}, [lockfile]: text });
  const plan = await inspectSource(folder);
  expect(plan.packageManager).toEqual({ name, version, source: lockfile } as never);
  expect(plan.tools).toContainEqual({ tool: name, version } as never);
});

test("packageManager wins over a lockfile, and without its lockfile it is told to the CLI", async () => {
  write({ "package.json": { packageManager: "pnpm@9.1.0+sha512.abc" } });
  const plan = await inspectSource(folder);
  expect(plan.packageManager).toMatchObject({ name: "pnpm", version: "9.1.0" });
  expect(plan.settings.installCommand).toBe("pnpm install");
  write({ "pnpm-lock.yaml": "lockfileVersion: '9.0'\n" });
  expect((await inspectSource(folder)).settings.installCommand).toBeUndefined();
});

test("a packageManager that nobody has is refused", async () => {
  write({ "package.json": { packageManager: "cnpm@1.0.0" } });
  expect(await codeOf(inspectSource(folder))).toBe("package_manager_unsupported");
});

test("frameworks are detected; a setting and vercel.json decide over it", async () => {
  write({ "package.json": { dependencies: { next: "16.0.0" } } });
  const plan = await inspectSource(folder);
  expect(plan.framework).toEqual({ slug: "nextjs", name: "Next.js" });
  expect((await inspectSource(folder, { framework: null })).framework).toBeUndefined();
  write({ "vercel.json": { framework: "vite" } });
  expect((await inspectSource(folder, { framework: "astro" })).framework?.slug).toBe("vite");
});

test("a Procfile that names processes is Heroku's alone, one that only adds a release phase is not", async () => {
  write({ Procfile: "web: node server.js\nrelease: node migrate.js\n" });
  expect((await inspectSource(folder, {})).vercel).toBe(false);
  write({ Procfile: "release: node migrate.js\n" });
  expect(await inspectSource(folder, {})).toMatchObject({
    vercel: true,
    services: { processes: { release: "node migrate.js" } },
  });
  write({ Procfile: "web: node server.js\n", "vercel.json": {} });
  expect((await inspectSource(folder, {})).vercel).toBe(true);
});

test("a plain folder needs no package manager and has no framework", async () => {
  write({ "index.html": "<h1>" });
  const plan = await inspectSource(folder);
  expect(plan).toMatchObject({ framework: undefined, packageManager: undefined });
  expect(plan.settings.framework).toBeNull();
});

test("in a monorepo the app's own files come first, then those above it", async () => {
  write({
    "package.json": { packageManager: "pnpm@9.1.0", engines: { node: "20.x" } },
    "pnpm-lock.yaml": "lockfileVersion: '9.0'\n",
    "apps/web/package.json": { dependencies: { vite: "7" } },
    "apps/web/vercel.json": '{ "claenUrls": true }',
  });
  const failure = await inspectSource(folder, { rootDirectory: "apps/web" }).catch((error) => error);
  expect(failure.message).toContain('apps/web/vercel.json, line 1, column 3: unknown key "claenUrls"');
  rmSync(join(folder, "apps/web/vercel.json"));
  const plan = await inspectSource(folder, { rootDirectory: "./apps/web/" });
  expect(plan.settings.rootDirectory).toBe("apps/web");
  expect(plan.framework?.slug).toBe("vite");
  expect(plan.packageManager?.version).toBe("9.1.0");
  expect(plan.node.major).toBe(20);
});

test.each(["../elsewhere", "missing", "package.json", "out"])(
  "a root directory %p that is no folder of the source is refused",
  async (rootDirectory) => {
    write({ "package.json": {} });
    symlinkSync("/tmp", join(folder, "out"));
    expect(await codeOf(inspectSource(folder, { rootDirectory }))).toBe("root_directory_missing");
  },
);

test("a package.json that is broken is named with its place", async () => {
  write({ "package.json": '{\n "name": }' });
  const broken = await inspectSource(folder).catch((error) => error);
  expect(broken).toMatchObject({ code: "package_manifest_invalid" });
  expect(broken.message).toContain("line 2");
  write({ "package.json": '{\n "engines": { "node": 24 } }' });
  const typed = await inspectSource(folder).catch((error) => error);
  expect(typed.message).toContain("package.json, line 2, column 23: engines.node");
});

test("the newest supported Node that fits is chosen, from engines, then settings, then version files", () => {
  expect(chooseNode({ engines: ">=18" })).toMatchObject({ major: 24, source: "engines" });
  expect(chooseNode({ engines: "^22.3.0", setting: "20.x" })).toMatchObject({ major: 22 });
  expect(chooseNode({ setting: "20.x", versionFile: { name: ".nvmrc", text: "22" } }).major).toBe(20);
  expect(chooseNode({ versionFile: { name: ".nvmrc", text: "v22.11.0\n" } }).major).toBe(22);
  expect(chooseNode({ versionFile: { name: ".nvmrc", text: "lts/iron" } }).major).toBe(20);
  expect(chooseNode({}).major).toBe(24);
  expect(chooseNode({ versionFile: { name: ".nvmrc", text: "14" } })).toMatchObject({
    major: 24,
    warning: expect.stringContaining('.nvmrc asks for Node "14"'),
  });
});

test("an unsupported Node is refused with what to write instead", () => {
  expect(() => chooseNode({ engines: "14.x" })).toThrow(
    expect.objectContaining({
      code: "engine_unsupported",
      message: expect.stringContaining('"14.x"'),
      hint: expect.stringContaining('"node": "24.x"'),
    }),
  );
  expect(() => chooseNode({ engines: "latest please" })).toThrow("not a version range");
});
