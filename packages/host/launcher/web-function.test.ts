import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { headOf, open, parseAnswer, request } from "./testing/raw-http.ts";
import { TestInstance } from "./testing/test-instance.ts";

setDefaultTimeout(60_000);

const source = `
const log = (...words) => console.log(...words);
export async function GET(request, context) {
  const url = new URL(request.url);
  if (url.pathname === "/who") {
    return Response.json({
      url: request.url, method: request.method, isRequest: request instanceof Request,
      headers: [...request.headers], context: Object.keys(context),
    });
  }
  if (url.pathname === "/null") return new Response(null, { status: 200 });
  if (url.pathname === "/nothing") return undefined;
  if (url.pathname === "/throw") throw new Error("web broken");
  if (url.pathname === "/length") return new Response("12345", { headers: { "content-length": "5" } });
  if (url.pathname === "/not-modified") return new Response(null, { status: 304, headers: { etag: '"x"' } });
  if (url.pathname === "/headers") {
    const headers = new Headers({ "x-one": "1" });
    headers.append("set-cookie", "a=1; Expires=Thu, 01 Jan 2032 00:00:00 GMT");
    headers.append("set-cookie", "b=2");
    return new Response("ok", { status: 418, statusText: "Short And Stout", headers });
  }
  if (url.pathname === "/stream") {
    let turn = 0;
    return new Response(new ReadableStream({
      async pull(controller) {
        if (turn === 3) return controller.close();
        await globalThis.step;
        globalThis.step = new Promise((resolve) => (globalThis.go = resolve));
        controller.enqueue(new TextEncoder().encode("part " + turn++ + ";"));
      },
    }));
  }
  if (url.pathname === "/go") { globalThis.go?.(); return new Response("gone on"); }
  if (url.pathname === "/fail") {
    return new Response(new ReadableStream({
      async start(controller) { controller.enqueue(new TextEncoder().encode("some")); },
      async pull() { await new Promise((resolve) => setTimeout(resolve, 50)); throw new Error("stream broken"); },
    }));
  }
  if (url.pathname === "/fail-at-once") {
    return new Response(new ReadableStream({ pull() { throw new Error("stream broken"); } }));
  }
  if (url.pathname === "/endless") {
    request.signal.addEventListener("abort", () => log("request aborted"));
    let made = 0;
    return new Response(new ReadableStream({
      pull(controller) { made++; controller.enqueue(new Uint8Array(65536)); globalThis.made = made; },
      cancel() { log("body cancelled"); },
    }));
  }
  if (url.pathname === "/made") return new Response(String(globalThis.made));
  if (url.pathname === "/slow") {
    await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
    log("slow aborted: " + request.signal.reason.name);
    return new Response("late");
  }
  return new Response("got");
}
export async function POST(request) {
  if (new URL(request.url).pathname === "/count") {
    let size = 0;
    for await (const chunk of request.body) size += chunk.length;
    return Response.json({ size, memory: process.memoryUsage.rss() });
  }
  if (new URL(request.url).pathname === "/echo") return new Response(request.body);
  if (new URL(request.url).pathname === "/ignore") return new Response("ignored");
  return Response.json({ text: await request.text() });
}
`;

let instance: TestInstance;
beforeAll(async () => {
  instance = await TestInstance.start({ files: { "api/index.mjs": source } });
}, 60_000);
afterAll(() => TestInstance.stopAll());
const ask = (path: string, options = {}) => request(instance.socketPath, { path, ...options });

test("a Request shows what the client sent", async () => {
  const seen = JSON.parse((await ask("/who?a=%20b", { headers: { "x-evenkeel-deadline-ms": "9" } })).text);
  expect(seen).toMatchObject({
    url: "https://shop.localhost/who?a=%20b",
    method: "GET",
    isRequest: true,
    context: ["waitUntil"],
  });
  expect(JSON.stringify(seen.headers)).not.toContain("evenkeel");
});

test("status text, several cookies and headers reach the client as given", async () => {
  const answer = await ask("/headers");
  expect([answer.status, answer.reason]).toEqual([418, "Short And Stout"]);
  expect(answer.lines).toContainEqual(["set-cookie", "a=1; Expires=Thu, 01 Jan 2032 00:00:00 GMT"]);
  expect(answer.lines).toContainEqual(["set-cookie", "b=2"]);
});

test("lengths are as the function gave them, and HEAD falls back to GET without its body", async () => {
  expect((await ask("/length")).headers).toMatchObject({ "content-length": "5" });
  const head = await ask("/length", { method: "HEAD" });
  expect([head.status, head.headers["content-length"], head.text]).toEqual([200, "5", ""]);
  expect((await ask("/null")).headers["content-length"]).toBe("0");
  const unchanged = await ask("/not-modified");
  expect([unchanged.status, unchanged.headers["etag"], unchanged.text]).toEqual([304, '"x"', ""]);
});

test("a missing method is 405 and OPTIONS names those that exist", async () => {
  const refused = await ask("/", { method: "DELETE" });
  expect([refused.status, refused.headers["allow"]]).toEqual([405, "GET, POST, HEAD, OPTIONS"]);
  expect((await ask("/", { method: "OPTIONS" })).status).toBe(204);
});

test("chunks arrive as they are made", async () => {
  const socket = await open(instance.socketPath);
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString()));
  socket.write(headOf({ path: "/stream" }));
  const seen = async (part: string) => {
    for (const end = Date.now() + 20_000; !text.includes(part) && Date.now() < end; ) await Bun.sleep(5);
    expect(text).toContain(part);
  };
  await seen("part 0;");
  expect(text).not.toContain("part 1;");
  await ask("/go");
  await seen("part 1;");
  await ask("/go");
  await seen("part 2;");
  socket.destroy();
});

test("a body that fails cuts the answer, or is a 500 where nothing was sent", async () => {
  expect((await ask("/fail-at-once")).headers["x-evenkeel-fault"]).toBe("function_threw");
  const answer = await ask("/fail");
  expect([answer.status, answer.text, answer.complete]).toEqual([200, "some", false]);
  await instance.until(() => instance.stderr.includes("stream broken"));
});

test("a client that reads slowly holds the function back, and one that leaves cancels it", async () => {
  const socket = await open(instance.socketPath);
  socket.pause();
  socket.write(headOf({ path: "/endless" }));
  let before = -1;
  let made = Number.NaN;
  // The function goes on until every buffer on the way is full, and then stops.
  for (const end = Date.now() + 20_000; made !== before && Date.now() < end; ) {
    before = made;
    await Bun.sleep(200);
    made = Number((await ask("/made")).text);
  }
  expect(made).toBe(before);
  expect(made * 65_536).toBeLessThan(32 * 1024 * 1024);
  socket.destroy();
  await instance.until(
    () => /request aborted/.test(instance.stdout) && /body cancelled/.test(instance.stdout),
  );
});

test("a client that leaves before the answer aborts the request's signal", async () => {
  const socket = await open(instance.socketPath);
  socket.write(headOf({ path: "/slow" }), () => socket.end());
  await Bun.sleep(50);
  socket.destroy();
  await instance.until(() => instance.stdout.includes("slow aborted: AbortError"));
});

test("a large upload is read with flat memory and can be echoed", async () => {
  const body = Buffer.alloc(256 * 1024, 97);
  const counted = JSON.parse((await ask("/count", { method: "POST", body, times: 1_280 })).text);
  expect(counted.size).toBe(320 * 1024 * 1024);
  expect(counted.memory).toBeLessThan(300 * 1024 * 1024);
  const echoed = await ask("/echo", { method: "POST", body, times: 8 });
  expect([echoed.text.length, echoed.complete]).toEqual([2 * 1024 * 1024, true]);
});

test("a connection can be used again after a function ignored its body", async () => {
  const socket = await open(instance.socketPath);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(Buffer.from(chunk)));
  const text = () => Buffer.concat(chunks).toString();
  socket.write(headOf({ method: "POST", path: "/ignore", body: "x".repeat(300_000) }) + "x".repeat(300_000));
  socket.write(headOf({ path: "/length", headers: { connection: "close" } }));
  await new Promise((resolve) => socket.once("close", resolve));
  expect(text().match(/HTTP\/1\.1 200/g)?.length).toBe(2);
  const second = Buffer.from(text().slice(text().lastIndexOf("HTTP/1.1")));
  expect(parseAnswer(second).text).toBe("12345");
});

test("throwing and returning nothing are 500 with their fault", async () => {
  for (const path of ["/throw", "/nothing"]) {
    const answer = await ask(path);
    expect([answer.status, answer.headers["x-evenkeel-fault"]]).toEqual([500, "function_threw"]);
  }
  await instance.until(
    () => /web broken/.test(instance.stderr) && /returned undefined/.test(instance.stderr),
  );
});

test("a fetch export answers every method, and middleware may return nothing", async () => {
  const app = await TestInstance.start({
    files: {
      "index.mjs": `export default { prefix: "m ", fetch(request) { return new Response(this.prefix + request.method); } };`,
    },
  });
  expect((await request(app.socketPath, { method: "PROPFIND" })).text).toBe("m PROPFIND");
  const middleware = await TestInstance.start({
    files: {
      "index.mjs":
        "export default (request) => request.url.endsWith('/stop') ? new Response('no', { status: 403 }) : undefined;",
    },
    useWebApi: true,
  });
  expect((await request(middleware.socketPath)).headers["x-middleware-next"]).toBe("1");
  expect((await request(middleware.socketPath, { path: "/stop" })).status).toBe(403);
}, 60_000);
