import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { artifactFilePath, type BuildOutput, functionTreePath, outputPath } from "@evenkeel/model";
import { readOutput } from "../store/read-output.ts";
import { verifyOutput } from "../store/verify-output.ts";
import { nodeFunction, OutputFixture } from "./output-fixture.ts";

let fixture: OutputFixture;
beforeEach(() => {
  fixture = new OutputFixture();
});
afterEach(() => fixture.remove());

const treeOf = (output: BuildOutput, path: string) =>
  functionTreePath(fixture.layout, output.functions[path]!);

test("static files keep their paths, overrides applied, with types as Vercel gives them", async () => {
  fixture.write({
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
  const { files } = await fixture.bring();
  const types = Object.fromEntries(Object.entries(files).map(([path, file]) => [path, file.contentType]));
  expect(types).toEqual({
    "index.html": "text/html; charset=utf-8",
    about: "text/html; charset=utf-8",
    "feed.json": "application/feed+json",
    "a/b.js": "application/javascript; charset=utf-8",
    "logo.svg": "image/svg+xml",
    LICENSE: "application/octet-stream",
  });
  expect(readFileSync(artifactFilePath(fixture.layout, files["about"]!.hash), "utf8")).toBe("about");
  expect(statSync(artifactFilePath(fixture.layout, files["about"]!.hash)).mode & 0o777).toBe(0o444);
});

test("compressible files of a size are precompressed, each form decodes to the file, small and dense ones are not", async () => {
  const text = "let it be compressed; ".repeat(500);
  fixture.write({
    "@/config.json": { version: 3 },
    "@/static/large.js": text,
    "@/static/small.js": "1;",
    "@/static/dense.png": text,
  });
  writeFileSync(fixture.at("@/static/noise.txt"), crypto.getRandomValues(new Uint8Array(5_000)));
  const { files } = await fixture.bring();
  const { br, zstd, gzip } = files["large.js"]!.encodings!;
  const bytes = (stored: { hash: never } | undefined) =>
    readFileSync(artifactFilePath(fixture.layout, stored!.hash));
  expect(brotliDecompressSync(bytes(br as never)).toString()).toBe(text);
  expect(zstdDecompressSync(bytes(zstd as never)).toString()).toBe(text);
  expect(gunzipSync(bytes(gzip as never)).toString()).toBe(text);
  for (const path of ["small.js", "dense.png", "noise.txt"]) expect(files[path]!.encodings).toBeUndefined();
});

test("functions get trees of their files and of those that filePathMap names; linked functions are one", async () => {
  fixture.write({
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
  chmodSync(fixture.at("bin/run"), 0o755);
  fixture.link("node_modules/q", ".pnpm/q@1");
  fixture.link("data-link.txt", "data/real.txt");
  fixture.link("@/functions/api/b.func", "a.func");
  fixture.link("@/functions/api/a.func/self.js", "./index.js");
  const output = await fixture.bring();
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
  expect(await verifyOutput(fixture.layout, output.id)).toEqual([]);
});

test("edge functions keep their assets and WebAssembly modules", async () => {
  fixture.write({
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
  expect(Object.values((await fixture.bring()).functionsById)).toMatchObject([
    {
      kind: "edge",
      handler: "index.js",
      assets: [{ name: "font" }],
      wasm: [{ name: "add", path: "add.wasm" }],
    },
  ]);
});

test("prerenders are read in the documented form and in that of Vercel's builders", async () => {
  fixture.write({
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
  fixture.link("@/functions/b.func", "a.func");
  const { prerenders } = await fixture.bring();
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
  fixture.write({ "@/config.json": config });
  const { routes, images, crons, wildcard, framework } = await fixture.bring();
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
  fixture.write(files);
  const first = await fixture.bring();
  const inodes = () => {
    const names = readdirSync(fixture.layout.artifacts, { recursive: true }) as string[];
    return names.map((name) => `${name} ${lstatSync(join(fixture.layout.artifacts, name)).ino}`).sort();
  };
  const before = inodes();
  fixture.project = join(fixture.folder, "elsewhere");
  fixture.write(files);
  const second = await fixture.bring();
  expect(second).toEqual(first);
  expect(inodes()).toEqual(before);
  expect(await readOutput(fixture.layout, first.id)).toEqual(first);
});

test("settled files are linked into the store, but never those that have other names", async () => {
  fixture.write({ "@/config.json": { version: 3 }, "@/static/a.txt": "only here", "shared.txt": "shared" });
  mkdirSync(fixture.at("@/static/sub"));
  linkSync(fixture.at("shared.txt"), fixture.at("@/static/sub/b.txt"));
  const { files } = await fixture.bring({ settled: true });
  const stored = (path: string) => statSync(artifactFilePath(fixture.layout, files[path]!.hash));
  expect(stored("a.txt").ino).toBe(statSync(fixture.at("@/static/a.txt")).ino);
  expect(stored("sub/b.txt").ino).not.toBe(statSync(fixture.at("shared.txt")).ino);
  expect(statSync(fixture.at("shared.txt")).mode & 0o222).not.toBe(0);
});

test("absolute links of a build mean the place where the build saw the project", async () => {
  fixture.write({
    "@/config.json": { version: 3 },
    "@/functions/f.func/.vc-config.json": nodeFunction({ filePathMap: { "a.txt": "link.txt" } }),
    "@/functions/f.func/index.js": "1",
    "data/a.txt": "a",
  });
  fixture.link("link.txt", "/vercel/path0/data/a.txt");
  const output = await fixture.bring({ seenAs: "/vercel/path0" });
  expect(readFileSync(`${treeOf(output, "f")}/a.txt`, "utf8")).toBe("a");
  await expect(fixture.bring()).rejects.toMatchObject({ code: "output_path_refused" });
});

test("schedules are read as the CLI writes them and as the documentation has them", async () => {
  fixture.write({
    "@/config.json": {
      version: 3,
      schedules: [{ name: "a", expression: { cron: "0 * * * *", jitter: 5 }, target: { path: "/api/a" } }],
    },
  });
  expect((await fixture.bring()).schedules).toEqual([
    { name: "a", cron: "0 * * * *", jitterMinutes: 5, target: { path: "/api/a" } },
  ]);
  fixture.write({
    "@/config.json": {
      version: 3,
      schedules: {
        b: { schedule: "0 9 * * *", timezone: "Europe/Zurich", path: "/api/b", requestMethod: "GET" },
      },
    },
  });
  expect((await fixture.bring()).schedules).toEqual([
    { name: "b", cron: "0 9 * * *", timezone: "Europe/Zurich", target: { path: "/api/b", method: "GET" } },
  ]);
});

const f = (more: object, handler = "1") => ({
  "@/config.json": { version: 3 },
  "@/functions/f.func/.vc-config.json": nodeFunction(more),
  "@/functions/f.func/index.js": handler,
});

test("verification finds bytes that changed, and builds a changed tree again", async () => {
  fixture.write({ ...f({}), "@/static/a.txt": "static" });
  const output = await fixture.bring();
  const tree = treeOf(output, "f");
  rmSync(`${tree}/index.js`);
  expect(await verifyOutput(fixture.layout, output.id)).toEqual([{ path: tree, fault: "tree_differs" }]);
  expect(await verifyOutput(fixture.layout, output.id)).toEqual([]);
  const stored = artifactFilePath(fixture.layout, output.files["a.txt"]!.hash);
  chmodSync(stored, 0o644);
  writeFileSync(stored, "STATIC");
  expect(await verifyOutput(fixture.layout, output.id)).toEqual([{ path: stored, fault: "wrong_bytes" }]);
  rmSync(stored);
  expect(await verifyOutput(fixture.layout, output.id)).toEqual([{ path: stored, fault: "missing" }]);
  const manifest = outputPath(fixture.layout, output.id);
  chmodSync(manifest, 0o644);
  writeFileSync(manifest, readFileSync(manifest, "utf8").replace('"routes":[]', '"routes":[{"src":"/x"}]'));
  expect(await verifyOutput(fixture.layout, output.id)).toContainEqual({
    path: manifest,
    fault: "manifest_differs",
  });
  rmSync(outputPath(fixture.layout, output.id));
  await expect(verifyOutput(fixture.layout, output.id)).rejects.toMatchObject({ code: "output_missing" });
});
