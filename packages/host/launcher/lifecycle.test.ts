import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { headOf, open, parseAnswer, request } from "./testing/raw-http.ts";
import { TestInstance } from "./testing/test-instance.ts";
import { machineNode } from "./testing/test-node.ts";

afterAll(() => TestInstance.stopAll());
const start = (source: string, given = {}) =>
  TestInstance.start({ files: { "api/index.js": source }, ...given });
const context = `globalThis[Symbol.for("@vercel/request-context")].get()`;
/** Begins a request that does not end by itself; resolves with the answer when the connection ends. */
async function begin(instance: TestInstance, path: string): Promise<() => Promise<Buffer>> {
  const socket = await open(instance.socketPath);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(Buffer.from(chunk)));
  socket.on("error", () => {});
  const closed = new Promise<Buffer>((resolve) => socket.on("close", () => resolve(Buffer.concat(chunks))));
  socket.write(headOf({ path }));
  return () => closed;
}

test("the app finds exactly its environment, its folder and nothing of the platform", async () => {
  const app = await start(
    `module.exports = (req, res) => res.json({ env: process.env, cwd: process.cwd(), argv: process.argv.slice(1) });`,
    { environment: { A: "1", EVENKEEL_CACHE_SOCKETS: "/nowhere", EVENKEEL_CACHE_TOKEN: "secret" } },
  );
  const seen = JSON.parse((await request(app.socketPath)).text);
  expect(seen).toEqual({ env: { A: "1" }, cwd: app.root, argv: [join(app.root, "api/index.js")] });
}, 60_000);

test("an import that throws is told with the app's message and its own frames", async () => {
  const app = await start(`\n\nthrow new TypeError("no database");`);
  expect(app.failure?.code).toBe("function_import_failed");
  expect(app.failure?.message).toMatch(
    /^Importing api\/index\.js failed: [\s\S]*TypeError: no database\n\s+at Object\.<anonymous> \(api\/index\.js:3:7\)/,
  );
  expect(app.failure?.message).not.toMatch(/node:internal|launcher-/);
  expect((await app.ended).exitCode).toBe(1);
}, 60_000);

test.each([
  ["a missing package", `require("not-there");`, "function_import_failed", /Cannot find module 'not-there'/],
  ["a syntax error", `const = 1;`, "function_import_failed", /SyntaxError/],
  ["a thrown string", `throw "just text";`, "function_import_failed", /failed: just text$/],
  [
    "an exception that comes later",
    `setTimeout(() => { throw new Error("later"); }, 1); setInterval(() => {}, 1000);`,
    "function_import_failed",
    /later/,
  ],
  [
    "an unhandled rejection",
    `Promise.reject(new Error("rejected")); setInterval(() => {}, 1000);`,
    "function_import_failed",
    /rejected/,
  ],
  [
    "no usable export",
    `exports.helper = () => {}; exports.count = 3;`,
    "function_handler_missing",
    /helper \(function\), count \(number\)/,
  ],
  ["no export at all", `1 + 1;`, "function_handler_missing", /no exports and no server that listens/],
  ["an exit", `process.exit(7);`, "function_exited", /process\.exit\(7\)[\s\S]*api\/index\.js:1/],
])(
  "%s at import is named",
  async (_, source, code, message) => {
    const app = await start(source);
    expect(app.failure?.code).toBe(code);
    expect(app.failure?.message).toMatch(message);
    await app.ended;
  },
  60_000,
);

test("an uncaught exception answers whoever waits with 500 and ends the process with code 1", async () => {
  const app = await start(`module.exports = (req, res) => {
    if (req.url === "/crash") setTimeout(() => { throw new Error("nobody caught me"); }, 10);
    if (req.url === "/begun") res.write("begun");
  };`);
  const waiting = await begin(app, "/wait");
  const begun = await begin(app, "/begun");
  const crashing = await begin(app, "/crash");
  for (const answer of [await waiting(), await crashing()]) {
    const { status, headers } = parseAnswer(answer);
    expect([status, headers["x-evenkeel-fault"]]).toEqual([500, "function_threw"]);
  }
  expect(parseAnswer(await begun())).toMatchObject({ status: 200, complete: false });
  expect((await app.ended).exitCode).toBe(1);
  expect(app.stderr).toMatch(/Uncaught exception:[\s\S]*nobody caught me[\s\S]*api\/index\.js/);
}, 60_000);

test("an app with its own handlers decides itself about exceptions and rejections", async () => {
  const app = await start(`
    process.on("uncaughtException", (error) => console.log("caught " + error.message));
    process.on("unhandledRejection", (error) => console.log("noted " + error.message));
    module.exports = (req, res) => {
      setTimeout(() => { throw new Error("one"); }, 1);
      Promise.reject(new Error("two"));
      setTimeout(() => res.send("alive"), 20);
    };`);
  expect((await request(app.socketPath)).text).toBe("alive");
  await app.until(() => app.stdout.includes("caught one") && app.stdout.includes("noted two"));
}, 60_000);

test("process.exit by the app is named, with its place, to the log and to whoever waits", async () => {
  const app = await start(`module.exports = (req, res) => { if (req.url === "/exit") process.exit(3); };`);
  const waiting = await begin(app, "/wait");
  const exiting = await begin(app, "/exit");
  for (const answer of [await waiting(), await exiting()]) {
    expect(parseAnswer(answer).headers["x-evenkeel-fault"]).toBe("function_exited");
  }
  expect((await app.ended).exitCode).toBe(3);
  expect(app.stderr).toMatch(/process\.exit\(3\)[\s\S]*api\/index\.js/);
}, 60_000);

test("shutdown finishes answers and background work, lets the app clean up, and exits with 0", async () => {
  const app = await start(`
    process.on("SIGTERM", () => console.log("cleaned up"));
    module.exports = async (req, res) => {
      ${context}.waitUntil(new Promise((resolve) => setTimeout(() => { console.log("background done"); resolve(); }, 300)));
      console.log("began");
      setTimeout(() => res.send("finished"), 150);
    };`);
  const answer = await begin(app, "/");
  await app.until(() => app.stdout.includes("began"));
  app.send({ type: "shutdown", graceMs: 20_000 });
  expect(parseAnswer(await answer()).text).toBe("finished");
  expect((await app.ended).exitCode).toBe(0);
  expect(app.stdout).toMatch(/background done[\s\S]*cleaned up/);
  expect(existsSync(app.socketPath)).toBe(false);
  expect(app.messages).toContainEqual({ type: "background", pending: 1 });
  expect(app.messages).toContainEqual({ type: "background", pending: 0 });
}, 60_000);

test("shutdown does not wait beyond its grace", async () => {
  const app = await start(`module.exports = () => { console.log("began"); };`);
  const answer = await begin(app, "/");
  await app.until(() => app.stdout.includes("began"));
  app.send({ type: "shutdown", graceMs: 50 });
  expect((await app.ended).exitCode).toBe(0);
  expect((await answer()).length).toBe(0);
}, 60_000);

test("without a host an instance serves on until nobody uses it, and a warm one ends", async () => {
  const app = await start(`module.exports = (req, res) => res.send("still here");`);
  (app.process.stdio[3] as unknown as { destroy(): void }).destroy();
  expect((await request(app.socketPath)).text).toBe("still here");
  expect((await app.ended).exitCode).toBe(0);
}, 60_000);

test("each request has its own context, also over awaits", async () => {
  const app = await start(`module.exports = async (req, res) => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
    const { url, headers, deadline } = ${context};
    ${context}.addCacheTag(["a", "b"]);
    res.json({ url, real: headers["x-real-ip"], left: deadline - Date.now() });
  };`);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, number) =>
      request(app.socketPath, { path: `/${number}`, headers: { "x-evenkeel-deadline-ms": "30000" } }),
    ),
  );
  answers.forEach(({ text, headers }, number) => {
    const { url, real, left } = JSON.parse(text);
    expect([url, real]).toEqual([`https://shop.localhost/${number}`, "203.0.113.9"]);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(30_000);
    expect(headers["vercel-cache-tag"]).toBe("a,b");
  });
}, 60_000);

test("a rejected background promise is logged and does no harm", async () => {
  const app = await start(`module.exports = (req, res) => {
    ${context}.waitUntil(Promise.reject(new Error("background broken")));
    res.send("ok");
  };`);
  expect((await request(app.socketPath)).text).toBe("ok");
  await app.until(() => app.stderr.includes("background broken"));
  expect((await request(app.socketPath)).text).toBe("ok");
}, 60_000);

test("compiled code is written while the process lives", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ek-compiled-"));
  TestInstance.folders.push(folder);
  const app = await start(`module.exports = (req, res) => res.send("ok");`, { compileCacheDir: folder });
  expect(app.failure).toBeUndefined();
  await request(app.socketPath);
  await app.until(() => readdirSync(folder, { recursive: true }).length > 1);
}, 60_000);

test.each([
  ["this machine's Node", machineNode()],
  ["Bun", process.execPath],
])(
  "%s runs CommonJS and ES modules of every style",
  async (_, node) => {
    const styles: Record<string, string> = {
      "a.cjs": `module.exports = (req, res) => res.json({ query: req.query, url: req.url, keys: Object.keys(req.headers).filter((n) => n.startsWith("x-even")) });`,
      "b.mjs": `await null; export default (req, res) => res.json({ query: req.query, url: req.url, keys: [] });`,
      "c.mjs": `export const GET = (request) => Response.json({ query: Object.fromEntries(new URL(request.url).searchParams), url: new URL(request.url).search.length ? "/?a=1" : "", keys: [...request.headers.keys()].filter((n) => n.startsWith("x-even")) });`,
      "d.cjs": `require("http").createServer((req, res) => res.end(JSON.stringify({ query: { a: "1" }, url: req.url, keys: Object.keys(req.headers).filter((n) => n.startsWith("x-even")) }))).listen(3000);`,
    };
    for (const [name, source] of Object.entries(styles)) {
      const app = await TestInstance.start({ files: { [name]: source }, node });
      expect([name, app.failure]).toEqual([name, undefined]);
      const answer = await request(app.socketPath, {
        path: "/?a=1",
        headers: { "x-evenkeel-deadline-ms": "1000" },
      });
      expect([name, JSON.parse(answer.text)]).toEqual([name, { query: { a: "1" }, url: "/?a=1", keys: [] }]);
      app.send({ type: "shutdown", graceMs: 5_000 });
      expect((await app.ended).exitCode).toBe(0);
    }
  },
  120_000,
);
