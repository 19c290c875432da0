import { afterEach, beforeEach, expect, test } from "bun:test";
import { createServer } from "node:http";
import { loadOrCreateKey } from "@evenkeel/disk";
import { probeHeader, probeMark, scheduleCallHeader, signScheduleCall } from "@evenkeel/model";
import { bodyOf, TestWorld } from "../testing/test-world.ts";
import { until } from "../testing/until.ts";

let world: TestWorld;
beforeEach(() => {
  world = new TestWorld();
});
afterEach(() => world.stop());

test("a file, a function and a missing page answer at the alias and at the deployment's own host", async () => {
  world.startEdge();
  await world.deploy({
    id: "aaaaaaaaa",
    files: { "index.html": "<h1>home</h1>" },
    functions: {
      "api/hello": (request, response) => {
        response.setHeader("set-cookie", ["a=1", "b=2"]);
        response.end(`hello from ${request.url}`);
      },
    },
    routes: [{ src: "/api/renamed", dest: "/api/hello?added=1" }, { handle: "filesystem" }],
  });
  for (const host of ["shop.localhost", "shop-aaaaaaaaa.localhost"]) {
    const page = await world.get(host, "/");
    expect([page.status, page.text]).toEqual([200, "<h1>home</h1>"]);
    expect(page.headers["server"]).toBe("Evenkeel");
    expect(page.headers["x-evenkeel-deployment"]).toBe("aaaaaaaaa");
    expect(page.headers["x-vercel-id"]).toMatch(/^ek1::/);
    expect(page.headers["x-robots-tag"]).toBe(host === "shop.localhost" ? undefined : "noindex");
  }
  const hello = await world.get("shop.localhost", "/api/hello?q=1");
  expect([hello.status, hello.text]).toEqual([200, "hello from /api/hello?q=1"]);
  expect(hello.headers).toMatchObject({
    "set-cookie": "a=1; b=2",
    "x-vercel-cache": "MISS",
    "x-matched-path": "/api/hello",
    "cache-control": "public, max-age=0, must-revalidate",
  });
  expect((await world.get("shop.localhost", "/api/renamed?q=1")).text).toBe(
    "hello from /api/renamed?q=1&added=1",
  );
  const missing = await world.get("shop.localhost", "/nowhere");
  expect([missing.status, JSON.parse(missing.text).error.code]).toEqual([404, "NOT_FOUND"]);
}, 60_000);

test("a function learns who asks and sees nothing that a client made up", async () => {
  world.startEdge();
  await world.deploy({
    id: "aaaaaaaaa",
    functions: { "api/echo": (request, response) => response.end(JSON.stringify(request.headers)) },
  });
  const answer = await world.get("shop.localhost:7080", "/api/echo", {
    headers: {
      "x-forwarded-for": "6.6.6.6",
      "x-middleware-subrequest": "middleware",
      "x-evenkeel-fault": "1",
      "x-vercel-id": "made-up",
      "x-own": "kept",
    },
  });
  const seen = JSON.parse(answer.text) as Record<string, string>;
  expect(seen).toMatchObject({
    host: "shop.localhost:7080",
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-host": "shop.localhost:7080",
    "x-forwarded-proto": "http",
    "x-forwarded-port": "7080",
    "x-vercel-deployment-url": "shop-aaaaaaaaa.localhost:7080",
    "x-matched-path": "/api/echo",
    "x-own": "kept",
  });
  expect(seen["x-vercel-id"]).toBe(answer.headers["x-vercel-id"]!);
  expect(seen["x-middleware-subrequest"]).toBeUndefined();
  expect(seen["x-evenkeel-fault"]).toBeUndefined();
}, 60_000);

test("only control's signature makes a call look scheduled, at the host that it is for", async () => {
  world.startEdge();
  await world.deploy({
    id: "aaaaaaaaa",
    functions: { "api/echo": (request, response) => response.end(JSON.stringify(request.headers)) },
  });
  const host = "shop-aaaaaaaaa.localhost";
  const call = { host, job: "/api/echo", schedule: "0 5 * * *", executionId: "job:1", scheduledAtMs: 0 };
  const seen = async (at: string, token: string) => {
    const spoofed = { "x-vercel-cron-schedule": "spoofed", "x-schedule-execution-id": "spoofed" };
    const headers = { ...spoofed, [scheduleCallHeader]: token, "user-agent": "vercel-cron/1.0" };
    const answer = JSON.parse((await world.get(at, "/api/echo", { headers })).text) as Record<string, string>;
    return [answer["x-vercel-cron-schedule"], answer["x-schedule-execution-id"], answer["x-schedule-time"]];
  };
  const signed = signScheduleCall(loadOrCreateKey(world.layout.scheduleKey), call);
  expect(await seen(host, signed)).toEqual(["0 5 * * *", "job:1", "1970-01-01T00:00:00.000Z"]);
  const nothing = [undefined, undefined, undefined];
  expect(await seen(host, signScheduleCall(new Uint8Array(32), call))).toEqual(nothing);
  expect(await seen(host, `${signed.split(".")[0]}.x`)).toEqual(nothing);
  expect(await seen(host, "")).toEqual(nothing);
  await world.deploy({
    id: "bbbbbbbbb",
    app: "other",
    functions: { "api/echo": (request, response) => response.end(JSON.stringify(request.headers)) },
  });
  expect(await seen("other.localhost", signed)).toEqual(nothing);
}, 60_000);

test("what control marks as its own is no traffic, and only control can", async () => {
  world.startEdge();
  await world.deploy({
    id: "aaaaaaaaa",
    functions: {
      "api/fail": (request, response) => {
        response.statusCode = 500;
        response.end(request.headers[probeHeader] ?? "unmarked");
      },
    },
  });
  const ask = async (mark: string) =>
    (await world.get("shop.localhost", "/api/fail", { headers: { [probeHeader]: mark } })).text;
  const key = loadOrCreateKey(world.layout.probeKey);
  // Also what bears another's mark or none is not told to the app.
  for (const mark of [
    probeMark(key, "shop.localhost"),
    probeMark(key, "other.localhost"),
    probeMark(new Uint8Array(32), "shop.localhost"),
    "x",
  ])
    expect(await ask(mark)).toBe("unmarked");
  const sum = (signal: string) =>
    world.samples.reduce((total, { counts }) => total + (counts?.[signal] ?? 0), 0);
  await until(() => sum("requests") + sum("probes") === 4);
  expect([sum("probes"), sum("requests"), sum("errors")]).toEqual([1, 3, 3]);
}, 60_000);

test("an alias switches between two requests of one connection, and earlier hashed files stay reachable", async () => {
  world.startEdge();
  await world.deploy({
    id: "aaaaaaaaa",
    files: { "index.html": "old", "assets/app-0123abcd.js": "old code" },
  });
  expect((await world.get("shop.localhost", "/")).text).toBe("old");
  const next = { id: "bbbbbbbbb", files: { "index.html": "new", "assets/app-89efcdab.js": "new code" } };
  await world.deploy(
    { ...next, routes: [{ handle: "filesystem" }, { src: "/.*", dest: "/index.html" }] },
    ["shop.localhost"],
    ["aaaaaaaaa"],
  );
  expect((await world.get("shop.localhost", "/")).text).toBe("new");
  expect((await world.get("shop.localhost", "/assets/app-0123abcd.js")).text).toBe("old code");
  expect((await world.get("shop.localhost", "/assets/app-89efcdab.js")).text).toBe("new code");
  expect((await world.get("shop.localhost", "/assets/app-ffffffff.js")).text).toBe("new");
  expect((await world.get("shop-aaaaaaaaa.localhost", "/")).text).toBe("old");
}, 60_000);

test("an unknown host is named in a 404, as HTML to browsers; the platform's own goes to control", async () => {
  world.startEdge();
  await world.deploy({ id: "aaaaaaaaa" });
  const json = await world.get("nobody.localhost", "/");
  expect(json.status).toBe(404);
  expect(JSON.parse(json.text).error).toMatchObject({ code: "DEPLOYMENT_NOT_FOUND" });
  expect(json.text).toContain("nobody.localhost");
  const html = await world.get("nobody.localhost", "/", { headers: { accept: "text/html" } });
  expect(html.headers["content-type"]).toBe("text/html; charset=utf-8");
  expect((await world.get("localhost", "/api/apps")).status).toBe(503);
  const control = createServer(async (request, response) =>
    response.end(`${request.url} ${(await bodyOf(request)).length}`),
  );
  await new Promise<void>((resolve) => control.listen(world.layout.controlSocket, resolve));
  try {
    const body = "x".repeat(3_000_000);
    expect((await world.get("localhost", "/api/apps?a=1", { method: "POST", body })).text).toBe(
      "/api/apps?a=1 3000000",
    );
    expect((await world.get("nobody.localhost", "/.well-known/evenkeel-edge")).status).toBe(200);
  } finally {
    control.closeAllConnections();
    control.close();
  }
}, 60_000);

test("requests are counted by deployment and told to the process of signals", async () => {
  world.startEdge();
  await world.deploy({ id: "aaaaaaaaa", files: { "index.html": "home" } });
  await world.get("shop.localhost", "/");
  await world.get("shop.localhost", "/missing");
  const sum = (signal: string) =>
    world.samples.reduce((total, { counts }) => total + (counts?.[signal] ?? 0), 0);
  await until(() => sum("requests") === 2 && sum("client_errors") === 1);
  const scope = { app: "shop", environment: "production", deployment: "aaaaaaaaa" };
  for (const sample of world.samples) expect(sample).toMatchObject(scope);
}, 60_000);

test("an edge that starts while control and host are away serves what it served before", async () => {
  const edge = world.startEdge();
  await world.deploy({ id: "aaaaaaaaa", files: { "index.html": "home" } });
  await edge.stop(0);
  world.edges.pop();
  world.stopServices();
  world.startEdge({ name: "edge-0" });
  expect((await world.get("shop.localhost", "/")).text).toBe("home");
}, 60_000);
