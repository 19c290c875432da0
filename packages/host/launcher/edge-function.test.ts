import { afterAll, expect, test } from "bun:test";
import { request } from "./testing/raw-http.ts";
import { TestInstance } from "./testing/test-instance.ts";

afterAll(() => TestInstance.stopAll());
const start = (files: Record<string, string | Uint8Array>, given = {}) =>
  TestInstance.start({ files, kind: "edge", environment: { SECRET: "s" }, ...given });

/** The smallest module: it exports nothing. */
const emptyWasm = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

test("an edge function sees Vercel's Edge globals and not Node's", async () => {
  const app = await start({
    "index.js": `
      const probe = (code) => { try { return String(code()); } catch (error) { return error.name; } };
      export default function (request, context) {
        return Response.json({
          runtime: EdgeRuntime,
          self: self === globalThis,
          env: process.env,
          versions: typeof process.versions,
          eval: probe(() => (0, eval)("1")),
          Function: probe(() => new Function("return 1")),
          isFunction: (() => {}) instanceof Function,
          storage: typeof AsyncLocalStorage,
          context: Object.keys(context),
          realm: [new TextEncoder().encode("x") instanceof Uint8Array, request.headers instanceof Headers],
        });
      }`,
  });
  expect(app.failure).toBeUndefined();
  expect(JSON.parse((await request(app.socketPath)).text)).toEqual({
    runtime: "edge-runtime",
    self: true,
    env: { SECRET: "s" },
    versions: "undefined",
    eval: "EvalError",
    Function: "EvalError",
    isFunction: true,
    storage: "function",
    context: ["waitUntil"],
    realm: [true, true],
  });
}, 60_000);

test("WASM comes by import and by require, packages by their edge-light condition", async () => {
  const library = {
    "node_modules/lib/package.json": `{ "name": "lib", "exports": { "edge-light": "./edge.js", "default": "./node.js" } }`,
    "node_modules/lib/edge.js": `exports.where = "edge";`,
    "node_modules/lib/node.js": `exports.where = "node";`,
    "x.wasm": emptyWasm,
  };
  const answer = `const answer = (wasm, where) => Response.json({ wasm: wasm instanceof WebAssembly.Module, where });`;
  const esm = await start({
    "index.mjs": `import wasm from "./x.wasm?module"; import { where } from "lib"; ${answer} export default () => answer(wasm, where);`,
    ...library,
  });
  const cjs = await start({
    "index.js": `const wasm = require("./x.wasm?module"); const { where } = require("lib"); ${answer} module.exports = () => answer(wasm, where);`,
    ...library,
  });
  for (const app of [esm, cjs]) {
    expect(app.failure).toBeUndefined();
    expect(JSON.parse((await request(app.socketPath)).text)).toEqual({ wasm: true, where: "edge" });
  }
}, 60_000);

test("what Next.js's builder writes runs: an ES module that requires, _ENTRIES, assets and WASM by name", async () => {
  const app = await start(
    {
      "index.js": `
        const wasm_1 = require("/wasm/wasm_1.wasm");
        globalThis._ENTRIES = {};
        _ENTRIES["middleware_app/edge/route"] = { default: async ({ request }) => {
          const font = await (await fetch(new URL("blob:font.1.ttf"))).text();
          return { response: Response.json({ url: request.url, font, wasm: wasm_1 === globalThis.wasm_1 || wasm_1 instanceof WebAssembly.Module }), waitUntil: Promise.resolve() };
        } };
        const { AsyncLocalStorage: Storage } = require("async_hooks");
        export default async (request, context) => {
          const result = await new Storage().run({}, () => _ENTRIES["middleware_app/edge/route"].default.call({}, { request: { url: request.url } }));
          context.waitUntil(result.waitUntil);
          return result.response;
        };`,
      "assets/font.1.ttf": "glyphs",
      "wasm/wasm_1.wasm": emptyWasm,
    },
    {
      assets: [{ name: "font.1.ttf", path: "assets/font.1.ttf" }],
      wasm: [{ name: "wasm_1", path: "wasm/wasm_1.wasm" }],
    },
  );
  expect(app.failure).toBeUndefined();
  const answer = JSON.parse((await request(app.socketPath, { path: "/edge?x=1" })).text);
  expect(answer).toEqual({ url: "https://shop.localhost/edge?x=1", font: "glyphs", wasm: true });
}, 60_000);

test("assets beside the module are fetched by URL, files outside the function are not", async () => {
  const app = await start({
    "api/index.mjs": `export default async (request) => {
      const path = new URL(request.url).searchParams.get("path");
      try { return new Response((await fetch(new URL(path, import.meta.url))).body); }
      catch (error) { return new Response(error.name, { status: 404 }); }
    };`,
    "api/data.txt": "data",
  });
  expect((await request(app.socketPath, { path: "/?path=./data.txt" })).text).toBe("data");
  expect((await request(app.socketPath, { path: "/?path=./none.txt" })).status).toBe(404);
  expect((await request(app.socketPath, { path: "/?path=file:///etc/passwd" })).status).toBe(404);
}, 60_000);

test("middleware that returns nothing goes on, methods may be exported, errors are 500 with their fault", async () => {
  const middleware = await start({ "middleware.js": `export default () => {};` });
  expect((await request(middleware.socketPath)).headers["x-middleware-next"]).toBe("1");
  const methods = await start({
    "index.js": `export const GET = () => { throw new Error("edge broken"); }; export const POST = (request) => new Response(request.body);`,
  });
  expect((await request(methods.socketPath, { method: "POST", body: "echo" })).text).toBe("echo");
  expect((await request(methods.socketPath)).headers["x-evenkeel-fault"]).toBe("function_threw");
  expect((await request(methods.socketPath, { method: "PUT" })).status).toBe(405);
  const nothing = await start({ "index.js": `export const config = {};` });
  expect(nothing.failure).toMatchObject({
    code: "function_handler_missing",
    message: expect.stringContaining("found config"),
  });
}, 60_000);
