import { afterAll, expect, test } from "bun:test";
import { headOf, open, request } from "./testing/raw-http.ts";
import { TestInstance } from "./testing/test-instance.ts";

afterAll(() => TestInstance.stopAll());
const start = (source: string, given = {}) => TestInstance.start({ files: { "index.js": source }, ...given });
const context = `globalThis[Symbol.for("@vercel/request-context")].get()`;

test("a server that listens at import answers on the instance's socket, callback and port as asked", async () => {
  const app = await start(`
    const server = require("http").createServer((req, res) => res.end(req.url + " " + Object.keys(req.headers).join() + " " + ${context}.url));
    server.keepAliveTimeout = 1;
    server.listen(4321, () => console.log("port " + server.address().port));
  `);
  expect(app.failure).toBeUndefined();
  const answer = await request(app.socketPath, { path: "/x?y", headers: { "x-evenkeel-params": "a=1" } });
  expect(answer.text).toBe(
    "/x?y host,x-forwarded-proto,x-forwarded-host,x-real-ip https://shop.localhost/x?y",
  );
  expect(answer.headers["keep-alive"]).toBeUndefined();
  await app.until(() => app.stdout.includes("port 4321"));
}, 60_000);

test("an app may await listen at module level, and may listen later", async () => {
  const awaiting = await TestInstance.start({
    files: {
      "index.mjs": `
        import http from "node:http";
        const server = http.createServer((req, res) => res.end("awaited"));
        await new Promise((resolve) => server.listen({ port: 3000, host: "0.0.0.0" }, resolve));`,
    },
  });
  expect((await request(awaiting.socketPath)).text).toBe("awaited");
  const later = await start(
    `setTimeout(() => require("http").createServer((req, res) => res.end("later")).listen(80), 100)`,
  );
  expect((await request(later.socketPath)).text).toBe("later");
}, 60_000);

test("WebSocket upgrades reach the app's server both ways", async () => {
  const app = await start(`
    const server = require("http").createServer((req, res) => res.end("http"));
    server.on("upgrade", (req, socket, head) => {
      socket.write("HTTP/1.1 101 Switching Protocols\\r\\nupgrade: websocket\\r\\nconnection: Upgrade\\r\\n\\r\\n");
      socket.on("data", (chunk) => socket.write("echo " + chunk));
    });
    server.listen(3000);
  `);
  const socket = await open(app.socketPath);
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString()));
  const until = async (part: string) => {
    for (const end = Date.now() + 20_000; !text.includes(part) && Date.now() < end; ) await Bun.sleep(5);
    expect(text).toContain(part);
  };
  socket.write(
    headOf({ headers: { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" } }),
  );
  await until("101 Switching");
  socket.write("ping");
  await until("echo ping");
  socket.destroy();
}, 60_000);

test("a function takes the socket of an upgrade through its context", async () => {
  const app = await start(`
    exports.GET = async (request) => {
      const { upgradeWebSocket } = ${context};
      if (!upgradeWebSocket) return new Response("no upgrade", { status: 426 });
      const { req, socket } = upgradeWebSocket();
      socket.write("HTTP/1.1 101 Switching Protocols\\r\\nupgrade: websocket\\r\\nconnection: Upgrade\\r\\n\\r\\n" + req.url);
      return new Response(null, { status: 204 });
    };
  `);
  expect((await request(app.socketPath)).status).toBe(426);
  const socket = await open(app.socketPath);
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString()));
  socket.write(headOf({ path: "/ws", headers: { connection: "Upgrade", upgrade: "websocket" } }));
  for (const end = Date.now() + 20_000; !text.includes("/ws") && Date.now() < end; ) await Bun.sleep(5);
  expect(text).toMatch(/^HTTP\/1\.1 101 [\s\S]*\/ws$/);
  socket.destroy();
}, 60_000);

test.each([
  [
    "an Express-like function with listen",
    `const app = (req, res) => res.end("express " + ("json" in res)); app.listen = () => {}; module.exports = app;`,
    "express false",
  ],
  [
    "a Koa-like app",
    `module.exports = { callback: () => (req, res) => res.end("koa"), listen() {} };`,
    "koa",
  ],
  ["a server", `module.exports = require("http").createServer((req, res) => res.end("server"));`, "server"],
  [
    "a Fastify-like app",
    `const server = require("http").createServer((req, res) => res.end("fastify " + server.made)); module.exports = { server, ready: async () => { server.made = true; } };`,
    "fastify true",
  ],
  [
    "a Hapi-like server",
    `const listener = require("http").createServer((req, res) => res.end("hapi")); module.exports = { listener, initialize: async () => {} };`,
    "hapi",
  ],
  [
    "a Nest-like app",
    `const server = require("http").createServer((req, res) => res.end("nest")); module.exports = { init: async () => {}, getHttpServer: () => server };`,
    "nest",
  ],
  ["a Hono-like app", `module.exports = { fetch: () => new Response("hono"), listen() {} };`, "hono"],
  [
    "a doubly nested default",
    `exports.__esModule = true; exports.default = { default: (req, res) => res.send("nested") };`,
    "nested",
  ],
  [
    "a promise of a handler",
    `module.exports = Promise.resolve((req, res) => res.send("promised"));`,
    "promised",
  ],
  [
    "a function beside a server that listens",
    `require("http").createServer((q, s) => s.end("no")).listen(3000); module.exports = (req, res) => res.send("function");`,
    "function",
  ],
])(
  "%s is served",
  async (_, source, expected) => {
    const app = await start(source);
    expect(app.failure).toBeUndefined();
    expect((await request(app.socketPath)).text).toBe(expected);
  },
  60_000,
);

test("a Lambda handler receives API Gateway's event and answers by promise or callback", async () => {
  const app = await start(
    `
    exports.handler = (event, context, callback) => {
      if (event.path === "/callback") return void callback(null, { statusCode: 202, body: Buffer.from("b64").toString("base64"), isBase64Encoded: true });
      if (event.path === "/fail") return void context.fail(new Error("lambda broken"));
      return Promise.resolve({
        statusCode: 201,
        headers: { "x-one": 1 },
        multiValueHeaders: { "set-cookie": ["a=1", "b=2"] },
        body: JSON.stringify({ ...event, requestContext: undefined, left: context.getRemainingTimeInMillis() > 0 }),
      });
    };`,
    { awsLambdaHandler: true },
  );
  const answer = await request(app.socketPath, {
    method: "POST",
    path: "/x?a=1&a=2",
    body: "hi",
    headers: { cookie: "c=d" },
  });
  expect(answer.status).toBe(201);
  expect(answer.lines).toContainEqual(["set-cookie", "b=2"]);
  expect(JSON.parse(answer.text)).toMatchObject({
    httpMethod: "POST",
    path: "/x",
    queryStringParameters: { a: "2" },
    multiValueQueryStringParameters: { a: ["1", "2"] },
    body: "aGk=",
    isBase64Encoded: true,
    left: true,
  });
  expect((await request(app.socketPath, { path: "/callback" })).text).toBe("b64");
  expect((await request(app.socketPath, { path: "/fail" })).headers["x-evenkeel-fault"]).toBe(
    "function_threw",
  );
}, 60_000);
