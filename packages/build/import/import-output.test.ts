import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import {
  artifactFilePath,
  type BuildOutput,
  functionTreePath,
  type HomeLayout,
  homeLayout,
  outputPath,
} from "@evenkeel/model";
import { readOutput } from "../store/read-output.ts";
import { verifyOutput } from "../store/verify-output.ts";
import { importOutput } from "./import-output.ts";

let folder: string;
let project: string;
let layout: HomeLayout;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "ek-import-")));
  project = join(folder, "project");
  layout = homeLayout(join(folder, "home"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Paths relative to the project; those that begin with `@/` to `.vercel/output`. */
function write(files: Record<string, string | object>): void {
  for (const [path, content] of Object.entries(files)) {
    const absolute = at(path);
    mkdirSync(dirname(absolute), { recursive: true });
    writeFileSync(absolute, typeof content === "string" ? content : JSON.stringify(content));
  }
}

const at = (path: string) => join(project, path.replace(/^@\//, ".vercel/output/"));
const link = (path: string, target: string) => {
  mkdirSync(dirname(at(path)), { recursive: true });
  symlinkSync(target, at(path));
};

const nodeFunction = (more: object = {}) => ({
  runtime: "nodejs24.x",
  handler: "index.js",
  launcherType: "Nodejs",
  ...more,
});

const bring = (settled = false) =>
  importOutput(layout, { output: at("@/"), project, boundary: project, settled });

const refusal = async () => {
  const error = await bring().then(
    () => ({ code: "taken", message: "" }),
    (failure) => failure,
  );
  return `${error.code}: ${error.message}`;
};

const treeOf = (output: BuildOutput, path: string) => functionTreePath(layout, output.functions[path]!);

test("static files keep their paths, overrides applied, with types as Vercel gives them", async () => {
  write({
    "@/config.json": {
      version: 3,
      overrides: {
        "about.html": { path: "about" },
        "feed.json": { contentType: "application/feed+json" },
        "gone.txt": { path: "elsewhere" },
      },
    },
    "@/static/index.html": "<h1>",
    "@/static/about.html": "about",
    "@/static/feed.json": "{}",
    "@/static/a/b.js": "1",
    "@/static/logo.svg": "<svg/>",
    "@/static/LICENSE": "x",
  });
  const { files } = await bring();
  const types = Object.fromEntries(Object.entries(files).map(([path, file]) => [path, file.contentType]));
  expect(types).toEqual({
    "index.html": "text/html; charset=utf-8",
    about: "text/html; charset=utf-8",
    "feed.json": "application/feed+json",
    "a/b.js": "application/javascript; charset=utf-8",
    "logo.svg": "image/svg+xml",
    LICENSE: "application/octet-stream",
  });
  expect(readFileSync(artifactFilePath(layout, files["about"]!.hash), "utf8")).toBe("about");
  expect(statSync(artifactFilePath(layout, files["about"]!.hash)).mode & 0o777).toBe(0o444);
});

test("compressible files of a size are precompressed, each form decodes to the file, small and dense ones are not", async () => {
  const text = "let it be compressed; ".repeat(500);
  write({
    "@/config.json": { version: 3 },
    "@/static/large.js": text,
    "@/static/small.js": "1;",
    "@/static/dense.png": text,
  });
  writeFileSync(at("@/static/noise.txt"), crypto.getRandomValues(new Uint8Array(5_000)));
  const { files } = await bring();
  const { br, zstd, gzip } = files["large.js"]!.encodings!;
  const bytes = (stored: { hash: never } | undefined) => readFileSync(artifactFilePath(layout, stored!.hash));
  expect(brotliDecompressSync(bytes(br as never)).toString()).toBe(text);
  expect(zstdDecompressSync(bytes(zstd as never)).toString()).toBe(text);
  expect(gunzipSync(bytes(gzip as never)).toString()).toBe(text);
  for (const path of ["small.js", "dense.png", "noise.txt"]) expect(files[path]!.encodings).toBeUndefined();
});

test("functions get trees of their files and of those that filePathMap names; linked functions are one", async () => {
  write({
    "@/config.json": { version: 3 },
    "@/functions/api/a.func/.vc-config.json": nodeFunction({
      memory: 512,
      maxDuration: 10,
      shouldAddHelpers: true,
      environment: { A: "1" },
      filePathMap: {
        "node_modules/p/i.js": "node_modules/.pnpm/p@1/i.js",
        "node_modules/q": "node_modules/q",
        "node_modules/.pnpm/q@1/i.js": "node_modules/.pnpm/q@1/i.js",
        "data.txt": "data-link.txt",
        "bin/run": "bin/run",
      },
    }),
    "@/functions/api/a.func/index.js": "exports.a = 1",
    "node_modules/.pnpm/p@1/i.js": "p",
    "node_modules/.pnpm/q@1/i.js": "q",
    "data/real.txt": "data",
    "bin/run": "#!/bin/sh",
  });
  chmodSync(at("bin/run"), 0o755);
  link("node_modules/q", ".pnpm/q@1");
  link("data-link.txt", "data/real.txt");
  link("@/functions/api/b.func", "a.func");
  link("@/functions/api/a.func/self.js", "./index.js");
  const output = await bring();
  expect(output.functions["api/b"]).toBe(output.functions["api/a"]!);
  expect(Object.values(output.functionsById)).toMatchObject([
    {
      kind: "node",
      runtime: "nodejs24.x",
      handler: "index.js",
      memoryMb: 512,
      maxDurationS: 10,
      shouldAddHelpers: true,
      environment: { A: "1" },
    },
  ]);
  const tree = treeOf(output, "api/a");
  expect(readFileSync(`${tree}/node_modules/q/i.js`, "utf8")).toBe("q");
  expect(readlinkSync(`${tree}/node_modules/q`)).toBe(".pnpm/q@1");
  expect(readFileSync(`${tree}/data.txt`, "utf8")).toBe("data");
  expect(lstatSync(`${tree}/data.txt`).isFile()).toBe(true);
  expect(readFileSync(`${tree}/self.js`, "utf8")).toBe("exports.a = 1");
  expect(statSync(`${tree}/bin/run`).mode & 0o777).toBe(0o555);
  expect(existsSync(`${tree}/.vc-config.json`)).toBe(false);
  expect(await verifyOutput(layout, output.id)).toEqual([]);
});

test("edge functions keep their assets and WebAssembly modules", async () => {
  write({
    "@/config.json": { version: 3 },
    "@/functions/e.func/.vc-config.json": {
      runtime: "edge",
      entrypoint: "index.js",
      assets: [{ name: "font", path: "font.ttf" }],
      wasmAssets: [{ name: "add", path: "add.wasm" }],
    },
    "@/functions/e.func/index.js": "export default () => {}",
    "@/functions/e.func/font.ttf": "f",
    "@/functions/e.func/add.wasm": "w",
  });
  expect(Object.values((await bring()).functionsById)).toMatchObject([
    {
      kind: "edge",
      handler: "index.js",
      assets: [{ name: "font" }],
      wasm: [{ name: "add", path: "add.wasm" }],
    },
  ]);
});

test("prerenders are read in the documented form and in that of Vercel's builders", async () => {
  write({
    "@/config.json": { version: 3 },
    "@/functions/a.func/.vc-config.json": nodeFunction(),
    "@/functions/a.func/index.js": "1",
    "@/functions/a.prerender-config.json": {
      expiration: 60,
      group: 1,
      fallback: "a.prerender-fallback.html",
      allowQuery: [],
      bypassToken: "x".repeat(32),
    },
    "@/functions/a.prerender-fallback.html": "page",
    "@/functions/b.prerender-config.json": {
      type: "Prerender",
      expiration: false,
      passQuery: true,
      initialHeaders: { "Content-Type": "text/x-component" },
      initialStatus: 203,
      fallback: { type: "FileFsRef", mode: 33188, fsPath: "b.prerender-fallback.rsc" },
    },
    "@/functions/b.prerender-fallback.rsc": "rsc",
  });
  link("@/functions/b.func", "a.func");
  const { prerenders } = await bring();
  expect(prerenders["a"]).toMatchObject({
    expiration: 60,
    group: 1,
    allowQuery: [],
    passQuery: false,
    fallback: { contentType: "text/html; charset=utf-8", sizeBytes: 4 },
  });
  expect(prerenders["b"]).toMatchObject({
    expiration: false,
    passQuery: true,
    initialStatus: 203,
    fallback: { contentType: "text/x-component" },
  });
});

test("routes, images, crons and wildcards come through; keys of other builders do not disturb", async () => {
  const config = {
    version: 3,
    routes: [
      { src: "^/a/(?<id>[^/]+)$", dest: "/b?id=$id", has: [{ type: "header", key: "x", value: "1|2" }] },
      { handle: "filesystem" },
      { src: "/.*", status: 404, headers: { "x-a": "b" } },
    ],
    images: { sizes: [16], domains: [] },
    crons: [{ path: "/api", schedule: "* * * * *" }],
    wildcard: [{ domain: "a.test", value: "en" }],
    framework: { version: "16.0.0" },
    flags: { a: 1 },
    deploymentId: "x",
  };
  write({ "@/config.json": config });
  const { routes, images, crons, wildcard, framework } = await bring();
  expect<unknown>({ routes, images, crons, wildcard, framework }).toEqual({
    routes: config.routes,
    images: config.images,
    crons: config.crons,
    wildcard: config.wildcard,
    framework: config.framework,
  });
});

test("the same content gives the same output, wherever it was built, and a second import stores nothing", async () => {
  const files = {
    "@/config.json": { version: 3 },
    "@/static/a.js": "a".repeat(3_000),
    "@/functions/f.func/.vc-config.json": nodeFunction(),
    "@/functions/f.func/index.js": "1",
  };
  write(files);
  const first = await bring();
  const inodes = () => {
    const names = readdirSync(layout.artifacts, { recursive: true }) as string[];
    return names.map((name) => `${name} ${lstatSync(join(layout.artifacts, name)).ino}`).sort();
  };
  const before = inodes();
  project = join(folder, "elsewhere");
  write(files);
  const second = await bring();
  expect(second).toEqual(first);
  expect(inodes()).toEqual(before);
  expect(await readOutput(layout, first.id)).toEqual(first);
});

test("settled files are linked into the store, but never those that have other names", async () => {
  write({ "@/config.json": { version: 3 }, "@/static/a.txt": "only here", "shared.txt": "shared" });
  mkdirSync(at("@/static/sub"));
  linkSync(at("shared.txt"), at("@/static/sub/b.txt"));
  const { files } = await bring(true);
  const stored = (path: string) => statSync(artifactFilePath(layout, files[path]!.hash));
  expect(stored("a.txt").ino).toBe(statSync(at("@/static/a.txt")).ino);
  expect(stored("sub/b.txt").ino).not.toBe(statSync(at("shared.txt")).ino);
  expect(statSync(at("shared.txt")).mode & 0o222).not.toBe(0);
});

test("absolute links of a build mean the place where the build saw the project", async () => {
  write({
    "@/config.json": { version: 3 },
    "@/functions/f.func/.vc-config.json": nodeFunction({ filePathMap: { "a.txt": "link.txt" } }),
    "@/functions/f.func/index.js": "1",
    "data/a.txt": "a",
  });
  link("link.txt", "/vercel/path0/data/a.txt");
  const built = { output: at("@/"), project, boundary: project };
  const output = await importOutput(layout, { ...built, seenAs: "/vercel/path0" });
  expect(readFileSync(`${treeOf(output, "f")}/a.txt`, "utf8")).toBe("a");
  await expect(importOutput(layout, built)).rejects.toMatchObject({ code: "output_path_refused" });
});

test("schedules are read as the CLI writes them and as the documentation has them", async () => {
  write({
    "@/config.json": {
      version: 3,
      schedules: [{ name: "a", expression: { cron: "0 * * * *", jitter: 5 }, target: { function: "api/a" } }],
    },
  });
  expect((await bring()).schedules).toEqual([
    { name: "a", cron: "0 * * * *", jitterMinutes: 5, target: { function: "api/a" } },
  ]);
  write({
    "@/config.json": {
      version: 3,
      schedules: {
        b: { schedule: "0 9 * * *", timezone: "Europe/Zurich", path: "/api/b", requestMethod: "GET" },
      },
    },
  });
  expect((await bring()).schedules).toEqual([
    { name: "b", cron: "0 9 * * *", timezone: "Europe/Zurich", target: { path: "/api/b", method: "GET" } },
  ]);
});

const config = { "@/config.json": { version: 3 } };
const f = (more: object, handler = "1") => ({
  ...config,
  "@/functions/f.func/.vc-config.json": nodeFunction(more),
  "@/functions/f.func/index.js": handler,
});

test.each<[string, Record<string, string | object>, () => void, string]>([
  [
    "a static link that leaves the output",
    { ...config, ".env": "secret" },
    () => link("@/static/env", "../../../.env"),
    "output_path_refused: The build output was refused: .vercel/output/static/env",
  ],
  [
    "a static link to the machine",
    config,
    () => link("@/static/passwd", "/etc/passwd"),
    "output_path_refused: The build output was refused: .vercel/output/static/passwd",
  ],
  [
    "a link through a folder that leaves",
    { ...config, "outer/x": "1" },
    () => link("@/static/d", "../../../outer"),
    "output_path_refused: The build output was refused: .vercel/output/static/d",
  ],
  [
    "a static folder that is itself a link out",
    { ...config, "secrets/x": "1" },
    () => link("@/static", "../../secrets"),
    "output_path_refused: The build output was refused: .vercel/output/static",
  ],
  [
    "an override that climbs",
    { "@/config.json": { version: 3, overrides: { "a.html": { path: "../a" } } }, "@/static/a.html": "a" },
    () => {},
    'output_path_refused: The build output was refused: config.json: overrides: "a.html"',
  ],
  [
    "a filePathMap source outside",
    f({ filePathMap: { "a.txt": "../../etc/passwd" } }),
    () => {},
    "output_path_refused",
  ],
  [
    "a filePathMap target outside",
    f({ filePathMap: { "../a.txt": "package.json" } }),
    () => {},
    'output_path_refused: The build output was refused: filePathMap of .vercel/output/functions/f.func writes to "../a.txt"',
  ],
  [
    "a filePathMap file that is missing",
    f({ filePathMap: { "lib/a.js": "lib/a.js" } }),
    () => {},
    'output_handler_missing: Function .vercel/output/functions/f.func lacks the file "lib/a.js"',
  ],
  [
    "a link out of a function",
    { ...f({}), secret: "x" },
    () => link("@/functions/f.func/s", "../../../../secret"),
    "output_path_refused: The build output was refused: .vercel/output/functions/f.func/s",
  ],
  [
    "a missing handler",
    f({ handler: "main.js" }),
    () => {},
    'output_handler_missing: Function .vercel/output/functions/f.func lacks its handler: the file "main.js"',
  ],
  [
    "a handler outside",
    f({ handler: "../../x.js" }),
    () => {},
    "output_handler_missing: Function .vercel/output/functions/f.func lacks its handler",
  ],
  [
    "a runtime that is not here",
    f({ runtime: "python3.12" }),
    () => {},
    'output_unsupported: Function .vercel/output/functions/f.func asks for the runtime "python3.12"',
  ],
  [
    "a function without settings",
    { ...config, "@/functions/f.func/index.js": "1" },
    () => {},
    "output_handler_missing: Function .vercel/output/functions/f.func has no .vc-config.json",
  ],
  [
    "a prerender without its function",
    { ...config, "@/functions/p.prerender-config.json": { expiration: 1 } },
    () => {},
    "output_handler_missing: functions/p.prerender-config.json has no function",
  ],
  [
    "a prerender without its fallback",
    { ...f({}), "@/functions/f.prerender-config.json": { expiration: 1, fallback: "f.html" } },
    () => {},
    'output_invalid: functions/f.prerender-config.json names the fallback "f.html"',
  ],
  [
    "a link to nothing",
    config,
    () => link("@/static/x", "y"),
    "output_invalid: The build output was refused",
  ],
  ["a link to itself", config, () => link("@/static/x", "x"), "output_invalid: The build output was refused"],
  [
    "a folder that contains itself",
    { ...config, "@/static/a/x": "1" },
    () => link("@/static/a/up", "../a"),
    "output_invalid: The build output was refused: .vercel/output/static/a/up contains itself",
  ],
  [
    "a pipe",
    { ...config, "@/static/x": "1" },
    () => void Bun.spawnSync(["mkfifo", at("@/static/pipe")]),
    "output_invalid: The build output was refused: .vercel/output/static/pipe is neither a file nor a folder",
  ],
  [
    "two files for one path",
    {
      "@/config.json": { version: 3, overrides: { "a.html": { path: "a" } } },
      "@/static/a.html": "1",
      "@/static/a": "2",
    },
    () => {},
    "output_invalid: static/a and static/a.html both claim the path /a",
  ],
  [
    "services",
    { ...config, "@/services/web/config.json": {} },
    () => {},
    "output_unsupported: The build output holds several",
  ],
  ["no config", { "@/static/x": "1" }, () => {}, "output_invalid: The build output has no config.json"],
  ["a config that is no JSON", { "@/config.json": "{" }, () => {}, "output_invalid: config.json is not JSON"],
  [
    "an unknown version",
    { "@/config.json": { version: 4 } },
    () => {},
    "output_unsupported: config.json has version 4",
  ],
  [
    "a schedule without a target",
    { "@/config.json": { version: 3, schedules: { a: { schedule: "0 0 * * *" } } } },
    () => {},
    "output_invalid: config.json: schedules[0].target",
  ],
  [
    "a route of the wrong shape",
    { "@/config.json": { version: 3, routes: [{ handle: "hit" }, { src: "/a", status: "404" }] } },
    () => {},
    "output_invalid: config.json: routes[1]: status",
  ],
  [
    "a route that is no regular expression",
    { "@/config.json": { version: 3, routes: [{ src: "/(" }] } },
    () => {},
    "output_invalid: config.json: routes[0].src is not a regular expression",
  ],
  [
    "a condition that is no regular expression",
    {
      "@/config.json": {
        version: 3,
        routes: [{ src: "/", missing: [{ type: "query", key: "a", value: "[" }] }],
      },
    },
    () => {},
    "output_invalid: config.json: routes[0].missing[0].value is not a regular expression",
  ],
])("%s is refused by name, and nothing of the output exists", async (_title, files, prepare, message) => {
  write(files);
  prepare();
  expect(await refusal()).toStartWith(message);
  expect(existsSync(layout.artifactOutputs) ? readdirSync(layout.artifactOutputs) : []).toEqual([]);
});

test("verification finds bytes that changed, and builds a changed tree again", async () => {
  write({ ...f({}), "@/static/a.txt": "static" });
  const output = await bring();
  const tree = treeOf(output, "f");
  rmSync(`${tree}/index.js`);
  expect(await verifyOutput(layout, output.id)).toEqual([{ path: tree, fault: "tree_differs" }]);
  expect(await verifyOutput(layout, output.id)).toEqual([]);
  const stored = artifactFilePath(layout, output.files["a.txt"]!.hash);
  chmodSync(stored, 0o644);
  writeFileSync(stored, "STATIC");
  expect(await verifyOutput(layout, output.id)).toEqual([{ path: stored, fault: "wrong_bytes" }]);
  rmSync(stored);
  expect(await verifyOutput(layout, output.id)).toEqual([{ path: stored, fault: "missing" }]);
  rmSync(outputPath(layout, output.id));
  await expect(verifyOutput(layout, output.id)).rejects.toMatchObject({ code: "output_missing" });
});
