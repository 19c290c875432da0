import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { request } from "./testing/raw-http.ts";
import { TestInstance } from "./testing/test-instance.ts";

setDefaultTimeout(60_000);

const source = `
module.exports = async (req, res) => {
  const path = req.url.split("?")[0];
  if (path === "/query") return res.json({ query: req.query, url: req.url, raw: req.rawHeaders, headers: req.headers });
  if (path === "/cookies") return res.json(req.cookies);
  if (path === "/body") return res.status(201).json({ body: req.body });
  if (path === "/both") {
    const parsed = req.body;
    let streamed = "";
    for await (const chunk of req) streamed += chunk;
    return res.json({ parsed, streamed });
  }
  if (path === "/pipe") {
    let size = 0;
    for await (const chunk of req) size += chunk.length;
    let body = "none";
    try { body = typeof req.body; } catch (error) { body = error.message; }
    return res.json({ size, body, memory: process.memoryUsage().rss });
  }
  if (path === "/text") return res.send("hello");
  if (path === "/bytes") return res.send(Buffer.from([1, 2, 3]));
  if (path === "/null") return res.send(null);
  if (path === "/number") return res.send(42);
  if (path === "/empty") return res.status(204).send("ignored");
  if (path === "/redirect") return res.redirect("/there");
  if (path === "/moved") return res.redirect(308, "/there");
  if (path === "/cookies-out") {
    res.setHeader("set-cookie", ["a=1", "b=2; Path=/"]);
    return res.end("ok");
  }
  if (path === "/loose") return Promise.resolve({ loose: true }).then(res.json);
  if (path === "/throw") throw new Error("broken on purpose");
  if (path === "/throw-late") { res.write("part"); throw new Error("broken half way"); }
  res.setHeader("x-method", req.method);
  res.end("plain");
};
`;

let instance: TestInstance;
beforeAll(async () => {
  instance = await TestInstance.start({ files: { "api/index.js": source } });
}, 60_000);
afterAll(() => TestInstance.stopAll());
const ask = (path: string, options = {}) => request(instance.socketPath, { path, ...options });
const json = async (path: string, options = {}) => JSON.parse((await ask(path, options)).text);

test("the app sees its raw URL, route parameters in req.query, and no internal header", async () => {
  const seen = await json("/query?a=1&a=2&id=9&__proto__=x", {
    headers: {
      "x-evenkeel-deadline-ms": "5000",
      "x-evenkeel-params": "id=7&slug=a%2Fb",
      "x-last": "kept",
    },
  });
  expect(seen.url).toBe("/query?a=1&a=2&id=9&__proto__=x");
  expect(Object.entries(seen.query)).toEqual([
    ["a", ["1", "2"]],
    ["id", "7"],
    ["__proto__", "x"],
    ["slug", "a/b"],
  ]);
  expect(JSON.stringify(seen.raw)).not.toContain("evenkeel");
  expect(seen.headers["x-last"]).toBe("kept");
  expect(Object.keys(seen.headers)).toEqual(seen.raw.filter((_: string, index: number) => index % 2 === 0));
});

test("what the edge says of a request in one line, the app sees as Vercel's headers", async () => {
  const seen = await json("/query", {
    headers: {
      "x-first": "1",
      cookie: "a=1",
      "x-evenkeel-origin":
        "ek1::a-1-2 a-3 203.0.113.7 http shop.localhost:7080 7080 shop-1.localhost:7080 - /two words",
      "x-last": "2",
    },
  });
  const platforms = {
    "x-vercel-id": "ek1::a-1-2",
    "x-invocation-id": "a-3",
    "x-forwarded-for": "203.0.113.7",
    "x-forwarded-host": "shop.localhost:7080",
    "x-forwarded-proto": "http",
    "x-forwarded-port": "7080",
    "x-real-ip": "203.0.113.7",
    "x-vercel-forwarded-for": "203.0.113.7",
    "x-vercel-deployment-url": "shop-1.localhost:7080",
    "x-matched-path": "/two words",
  };
  expect(seen.headers).toMatchObject({ "x-first": "1", cookie: "a=1", "x-last": "2", ...platforms });
  expect(JSON.stringify(seen.raw)).not.toContain("evenkeel");
  expect(Object.entries(seen.headers).flat()).toEqual(seen.raw);
});

test("paths reach the app unchanged", async () => {
  const path = "/query/../%2e%2e//a%2Fb;x?q=%zz";
  const answer = await ask("//x/..%2f?y=%20+");
  expect(answer.status).toBe(200);
  expect((await json(path.replace("/query/..", "/query?/.."))).url).toBe("/query?/../%2e%2e//a%2Fb;x?q=%zz");
});

test("cookies are parsed", async () => {
  expect(await json("/cookies", { headers: { cookie: "a=1; b=%20x; a=2; c" } })).toEqual({ a: "1", b: " x" });
  expect(await json("/cookies")).toEqual({});
});

test.each([
  ["application/json", '{"a":[1]}', { a: [1] }],
  ["application/json; charset=utf-8", "", {}],
  ["application/x-www-form-urlencoded", "a=1&b=2&b=3", { a: "1", b: ["2", "3"] }],
  ["text/plain", "héllo", "héllo"],
  ["application/octet-stream", "ab", { type: "Buffer", data: [97, 98] }],
  ["multipart/form-data; boundary=x", "--x--", undefined],
])("a body of type %s is parsed", async (type, body, expected) => {
  const answer = await ask("/body", { method: "POST", headers: { "content-type": type }, body });
  expect(answer.status).toBe(201);
  expect(JSON.parse(answer.text).body).toEqual(expected);
});

test("a parsed body can still be read as a stream, chunked or not", async () => {
  const headers = { "content-type": "text/plain" };
  expect(await json("/both", { method: "POST", headers, body: "again" })).toEqual({
    parsed: "again",
    streamed: "again",
  });
  const chunked = { ...headers, "transfer-encoding": "chunked" };
  const body = "3\r\nin \r\n5\r\nparts\r\n0\r\n\r\n";
  expect(await json("/both", { method: "POST", headers: chunked, body })).toEqual({
    parsed: "in parts",
    streamed: "in parts",
  });
  const empty = await json("/both", { method: "POST", headers: chunked, body: "0\r\n\r\n" });
  expect(empty).toEqual({ parsed: "", streamed: "" });
});

test("invalid JSON is answered with 400 where the app does not catch it", async () => {
  const headers = { "content-type": "application/json" };
  const answer = await ask("/body", { method: "POST", headers, body: "{" });
  expect([answer.status, answer.reason, answer.text]).toEqual([400, "Invalid JSON", ""]);
  expect(answer.headers["x-evenkeel-fault"]).toBeUndefined();
});

test("a body beyond Vercel's limit is streamed with flat memory and cannot be had parsed", async () => {
  const body = Buffer.alloc(256 * 1024, 97);
  const seen = await json("/pipe", {
    method: "POST",
    headers: { "content-type": "text/plain" },
    body,
    times: 1_280,
  });
  expect(seen.size).toBe(320 * 1024 * 1024);
  expect(seen.body).toBe("Request Entity Too Large");
  expect(seen.memory).toBeLessThan(300 * 1024 * 1024);
});

test("res.send sets type, length and a weak ETag as @vercel/node does", async () => {
  const text = await ask("/text");
  expect(text.headers).toMatchObject({
    "content-type": "text/html; charset=utf-8",
    "content-length": "5",
    etag: 'W/"5-qvTGHdzF6KLavt4PO0gs2a6pQ00"',
  });
  expect((await ask("/bytes")).headers["content-type"]).toBe("application/octet-stream");
  expect((await ask("/number")).text).toBe("42");
  expect((await ask("/null")).headers["content-length"]).toBe("0");
  const empty = await ask("/empty");
  expect([empty.status, empty.text, empty.headers["content-type"]]).toEqual([204, "", undefined]);
});

test("HEAD has the length of GET and no body", async () => {
  const head = await ask("/text", { method: "HEAD" });
  expect([head.status, head.headers["content-length"], head.text]).toEqual([200, "5", ""]);
});

test("redirects, several cookies and helpers that were taken off their response work", async () => {
  const redirect = await ask("/redirect");
  expect([redirect.status, redirect.headers["location"]]).toEqual([307, "/there"]);
  expect((await ask("/moved")).status).toBe(308);
  expect((await ask("/cookies-out")).lines.filter(([name]) => name === "set-cookie")).toEqual([
    ["set-cookie", "a=1"],
    ["set-cookie", "b=2; Path=/"],
  ]);
  expect(await json("/loose")).toEqual({ loose: true });
});

test("a handler that throws gives 500 with its fault, its stack on standard error, and the process stays", async () => {
  const answer = await ask("/throw");
  expect([answer.status, answer.headers["x-evenkeel-fault"]]).toEqual([500, "function_threw"]);
  expect(answer.text).not.toContain("broken");
  await instance.until(() => /broken on purpose[\s\S]*index\.js/.test(instance.stderr));
  expect((await ask("/text")).status).toBe(200);
});

test("a handler that throws half way cuts the answer", async () => {
  const answer = await ask("/throw-late");
  expect([answer.status, answer.text, answer.complete]).toEqual([200, "part", false]);
});

test("a traced request's span is told, and the app goes on below it; others are passed on as they came", async () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const origin = (traceparent: string) =>
    `id inv 127.0.0.1 http shop.localhost 80 shop.localhost ${traceparent} /query`;
  const seen = async (traceparent: string) =>
    (await json("/query", { headers: { "x-evenkeel-origin": origin(traceparent) } })).headers.traceparent;
  expect(await seen("-")).toBeUndefined();
  expect(await seen(`00-${traceId}-b7ad6b7169203331-00`)).toBe(`00-${traceId}-b7ad6b7169203331-00`);
  const own = await seen(`00-${traceId}-b7ad6b7169203331-01`);
  await instance.until(() => instance.messages.some(({ type }) => type === "span"));
  const spans = instance.messages.filter((message) => message.type === "span");
  expect(spans).toHaveLength(1);
  const { span } = spans[0]!;
  expect(own).toBe(`00-${traceId}-${span.spanId}-01`);
  expect(span).toMatchObject({
    ...{ traceId, parentId: "b7ad6b7169203331", name: "GET /query", statusCode: 200, isComplete: true },
  });
  expect(Math.abs(span.startMs - Date.now())).toBeLessThan(60_000);
});
