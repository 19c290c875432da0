import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { headOf, open, request } from "./testing/raw-http.ts";
import { TestInstance } from "./testing/test-instance.ts";

afterAll(() => TestInstance.stopAll());
const start = (source: string, given = {}) => TestInstance.start({ files: { "index.js": source }, ...given });

test.each([
  ["throws null", "throw null;"],
  ["rejects with nothing", "return Promise.reject();"],
  ["throws what cannot be shown", "throw { get stack() { throw 1; }, toString() { throw 2; } };"],
  ["sends an invalid head", `res.writeHead(99999);`],
  ["has a thenable that throws", "return { then() { throw new Error('then'); } };"],
])(
  "a handler that %s is answered with 500 and stays",
  async (_, code) => {
    const app = await start(
      `module.exports = (req, res) => { if (req.url === "/ok") return res.end("ok"); ${code} };`,
    );
    const answer = await request(app.socketPath);
    expect([answer.status, answer.headers["x-evenkeel-fault"]]).toEqual([500, "function_threw"]);
    expect((await request(app.socketPath, { path: "/ok" })).text).toBe("ok");
  },
  60_000,
);

test("throwing after the answer and replacing the process's own functions does no harm", async () => {
  const app = await start(`
    console.error = undefined;
    process.exit = () => {};
    globalThis.setTimeout = globalThis.setImmediate = undefined;
    Object.prototype.toJSON = undefined;
    module.exports = (req, res) => { res.end("first"); throw new Error("after the answer"); };`);
  for (let turn = 0; turn < 3; turn++) expect((await request(app.socketPath)).text).toBe("first");
  await app.until(() => app.stderr.includes("after the answer"));
}, 60_000);

test("pipelined requests are answered in order", async () => {
  const app = await start(`
    const delays = { "/a": 60, "/b": 30, "/c": 0 };
    module.exports = (req, res) => setTimeout(() => res.end("answer " + req.url + ";"), delays[req.url]);`);
  const socket = await open(app.socketPath);
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString()));
  socket.write(headOf({ path: "/a" }) + headOf({ path: "/b" }) + headOf({ path: "/c" }));
  for (const end = Date.now() + 20_000; !text.includes("/c;") && Date.now() < end; ) await Bun.sleep(5);
  expect(text.match(/answer \/\w;/g)).toEqual(["answer /a;", "answer /b;", "answer /c;"]);
  socket.destroy();
}, 60_000);

test("heads as long as edges let through, odd bytes and repeated fields reach the app", async () => {
  const app = await start(
    `module.exports = (req, res) => res.json({ long: req.headers["x-long"].length, raw: req.rawHeaders.filter((name) => name === "X-Same").length, latin: req.headers["x-latin"] });`,
  );
  const socket = await open(app.socketPath);
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString()));
  const head = headOf({ headers: { "x-long": "x".repeat(64_000), "x-latin": "caf\u00e9" } });
  const repeated = head.replace(
    "\r\n\r\n",
    "\r\nX-Same: 1\r\nX-Same: 2\r\nx-evenkeel-deadline-ms: 5\r\nX-Same: 3\r\n\r\n",
  );
  socket.write(Buffer.from(repeated, "latin1"));
  for (const end = Date.now() + 20_000; !text.includes("}") && Date.now() < end; ) await Bun.sleep(5);
  expect(JSON.parse(text.slice(text.indexOf("{")))).toEqual({ long: 64_000, raw: 3, latin: "caf\u00e9" });
  socket.destroy();
}, 60_000);

test("an upload that is cut off closes the app's request and the process stays", async () => {
  const app = await start(`module.exports = (req, res) => {
    if (req.url === "/ok") return res.end("ok");
    req.on("close", () => console.log("closed, complete " + req.complete));
    req.on("error", (error) => console.log("error " + error.code));
    req.resume();
  };`);
  const socket = await open(app.socketPath);
  const head = headOf({ method: "POST", headers: { "content-length": "1000000" } });
  await new Promise((resolve) => socket.write(`${head}begin`, resolve));
  socket.destroy();
  await app.until(() => app.stdout.includes("closed, complete false"));
  const parsed = await open(app.socketPath);
  await new Promise((resolve) =>
    parsed.write(
      `${headOf({ method: "POST", headers: { "content-length": "100", "content-type": "text/plain" } })}x`,
      resolve,
    ),
  );
  parsed.destroy();
  expect((await request(app.socketPath, { path: "/ok" })).text).toBe("ok");
}, 60_000);

test("a client that waits for 100 Continue gets it", async () => {
  const app = await start(
    `module.exports = async (req, res) => { let text = ""; for await (const chunk of req) text += chunk; res.end("got " + text); };`,
  );
  const socket = await open(app.socketPath);
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString()));
  const seen = async (part: string) => {
    for (const end = Date.now() + 20_000; !text.includes(part) && Date.now() < end; ) await Bun.sleep(5);
    expect(text).toContain(part);
  };
  socket.write(headOf({ method: "POST", headers: { expect: "100-continue", "content-length": "4" } }));
  await seen("100 Continue");
  socket.write("body");
  await seen("got body");
  socket.destroy();
}, 60_000);

test.if(process.getuid?.() === 0)(
  "root is given up before the app is read, and for good",
  async () => {
    // Not under the driver's own folder, which only root can enter.
    const root = mkdtempSync("/tmp/ek-identity-");
    try {
      mkdirSync(join(root, "run"));
      writeFileSync(
        join(root, "index.js"),
        `let back = "kept"; try { process.setuid(0); back = "root again"; } catch (error) { back = error.code; }
       module.exports = (req, res) => res.json({ uid: process.getuid(), gid: process.getgid(), groups: process.getgroups(), back });`,
      );
      chmodSync(root, 0o755);
      const app = await TestInstance.start({
        files: {},
        root,
        handler: "index.js",
        identity: { uid: 61_234, gid: 61_235 },
        socketFolderMode: 0o777,
      });
      expect(app.failure).toBeUndefined();
      expect(JSON.parse((await request(app.socketPath)).text)).toEqual({
        uid: 61_234,
        gid: 61_235,
        groups: [61_235],
        back: "EPERM",
      });
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  },
  60_000,
);
