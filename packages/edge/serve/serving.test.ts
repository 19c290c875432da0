import { afterEach, beforeEach, expect, test } from "bun:test";
import { createServer } from "node:http";
import { connect } from "node:net";
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

test("a function that cannot start, crashes or is too slow ends in a page that says so", async () => {
  world.startEdge();
  const app = {
    environment: "preview" as const,
    functions: {
      "api/broken": "fails to start" as const,
      "api/fault": (_request: unknown, response: import("node:http").ServerResponse) => {
        response.writeHead(500, { "x-evenkeel-fault": "function_threw" });
        response.end("stack trace");
      },
      "api/crash": (request: import("node:http").IncomingMessage) => request.socket.destroy(),
    },
  };
  await world.deploy({ id: "aaaaaaaaa", ...app });
  await world.deploy({ id: "bbbbbbbbb", app: "slow", maxDurationS: 1, functions: { "api/never": () => {} } });
  const codeOf = async (path: string, host = "shop.localhost") => {
    const answer = await world.get(host, path);
    return [answer.status, JSON.parse(answer.text).error.code, answer.headers["x-vercel-error"]];
  };
  const failed = "FUNCTION_INVOCATION_FAILED";
  expect(await codeOf("/api/broken")).toEqual([500, failed, failed]);
  expect(await codeOf("/api/fault")).toEqual([500, failed, failed]);
  expect(await codeOf("/api/crash")).toEqual([502, "NO_RESPONSE_FROM_FUNCTION", "NO_RESPONSE_FROM_FUNCTION"]);
  expect(await codeOf("/api/never")).toEqual([
    504,
    "FUNCTION_INVOCATION_TIMEOUT",
    "FUNCTION_INVOCATION_TIMEOUT",
  ]);
  const broken = await world.get("shop.localhost", "/api/broken");
  expect(JSON.parse(broken.text).error.message).toContain("Cannot find module './missing.js'");
  const fault = await world.get("shop.localhost", "/api/fault");
  expect(fault.text).not.toContain("stack trace");
  expect(fault.headers["x-evenkeel-fault"]).toBeUndefined();
}, 60_000);

test("an app's own error pages stand in for the platform's", async () => {
  world.startEdge();
  await world.deploy({
    id: "aaaaaaaaa",
    files: { "404.html": "own 404", "500.html": "own 500" },
    functions: { "api/broken": "fails to start" },
    routes: [
      { handle: "filesystem" },
      { handle: "error" },
      { src: "/.*", status: 404, dest: "/404.html" },
      { src: "/.*", status: 500, dest: "/500.html" },
    ],
  });
  const missing = await world.get("shop.localhost", "/nowhere");
  expect([missing.status, missing.text]).toEqual([404, "own 404"]);
  const broken = await world.get("shop.localhost", "/api/broken", { method: "POST", body: "x" });
  expect([broken.status, broken.text]).toEqual([500, "own 500"]);
}, 60_000);

test("middleware lets on, rewrites, changes headers both ways, redirects and answers itself; the body is still the function's", async () => {
  world.startEdge();
  await world.deploy({
    id: "aaaaaaaaa",
    functions: {
      middleware: (request, response) => {
        const path = request.url!;
        if (path === "/rewrite") response.setHeader("x-middleware-rewrite", "/api/echo?by=middleware");
        else if (path === "/redirect") {
          response.writeHead(307, { location: "/elsewhere" });
          return response.end();
        } else if (path === "/own") {
          response.statusCode = 418;
          return response.end("own answer");
        } else response.setHeader("x-middleware-next", "1");
        response.setHeader("x-middleware-override-headers", "x-added,content-type");
        response.setHeader("x-middleware-request-x-added", "yes");
        response.setHeader("x-middleware-request-content-type", "text/plain");
        response.setHeader("set-cookie", "from=middleware");
        response.setHeader("x-middleware-set-cookie", "from=middleware");
        response.end();
      },
      "api/echo": async (request, response) =>
        response.end(
          JSON.stringify([
            request.url,
            request.headers["x-added"],
            request.headers["x-dropped"],
            await bodyOf(request),
          ]),
        ),
    },
    routes: [
      { src: "/.*", middlewarePath: "middleware", continue: true, override: true },
      { handle: "filesystem" },
    ],
  });
  const large = "x".repeat(2_000_000);
  for (const body of ["", "small", large]) {
    const answer = await world.get("shop.localhost", "/api/echo", {
      method: "POST",
      headers: { "x-dropped": "1", "content-type": "text/plain" },
      body,
    });
    expect(JSON.parse(answer.text)).toEqual(["/api/echo", "yes", null, body]);
    expect(answer.headers["set-cookie"]).toBe("from=middleware");
    expect(answer.headers["x-middleware-next"]).toBeUndefined();
  }
  expect(JSON.parse((await world.get("shop.localhost", "/rewrite")).text)[0]).toContain("by=middleware");
  const redirect = await world.get("shop.localhost", "/redirect");
  expect([redirect.status, redirect.headers["location"]]).toEqual([307, "/elsewhere"]);
  const own = await world.get("shop.localhost", "/own", { method: "POST", body: large });
  expect([own.status, own.text]).toEqual([418, "own answer"]);
}, 60_000);

test("an answer that asks to be kept is kept apart by what it varies by, and browsers are not told", async () => {
  let calls = 0;
  world.startEdge();
  await world.deploy({
    id: "aaaaaaaaa",
    functions: {
      "api/kept": (request, response) => {
        response.setHeader("cache-control", "s-maxage=3600, stale-while-revalidate=60");
        response.setHeader("vary", "accept-language");
        response.end(`${++calls} ${request.headers["accept-language"]}`);
      },
      "api/private": (_request, response) => {
        response.setHeader("cache-control", "s-maxage=3600");
        response.setHeader("set-cookie", "user=1");
        response.end(`${++calls}`);
      },
    },
  });
  const get = (path: string, language: string, more: Record<string, string> = {}) =>
    world.get("shop.localhost", path, { headers: { "accept-language": language, ...more } });
  const first = await get("/api/kept?x=1", "fr");
  expect([first.text, first.headers["x-vercel-cache"]]).toEqual(["1 fr", "MISS"]);
  expect(first.headers["cache-control"]).toBe("public, max-age=0, must-revalidate");
  const second = await get("/api/kept?x=1", "fr");
  expect([second.text, second.headers["x-vercel-cache"]]).toEqual(["1 fr", "HIT"]);
  expect(second.headers["cache-control"]).toBe("public, max-age=0, must-revalidate");
  expect((await get("/api/kept?x=1", "de")).text).toBe("2 de");
  expect((await get("/api/kept?x=2", "fr")).text).toBe("3 fr");
  expect((await get("/api/kept?x=1", "fr", { authorization: "Bearer x" })).text).toBe("4 fr");
  expect((await get("/api/private", "fr")).text).toBe("5");
  expect((await get("/api/private", "fr")).text).toBe("6");
}, 60_000);

test("a rewrite to another host passes the request on, and one that leads back to itself ends", async () => {
  world.startEdge();
  const other = createServer(async (request, response) =>
    response.end(
      `${request.method} ${request.url} ${request.headers.host} ${request.headers["x-forwarded-host"]} ${await bodyOf(request)}`,
    ),
  );
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as { port: number };
  try {
    await world.deploy(
      {
        id: "aaaaaaaaa",
        routes: [
          { src: "/out/(.*)", dest: `http://127.0.0.1:${port}/in/$1` },
          { src: "/loop", dest: `http://127.0.0.1:${world.edges[0]!.port}/loop` },
          { src: "/gone", dest: "http://127.0.0.1:1/" },
        ],
      },
      ["shop.localhost", "127.0.0.1"],
    );
    const answer = await world.get("shop.localhost", "/out/a?b=1", { method: "PUT", body: "body" });
    expect(answer.text).toBe(`PUT /in/a?b=1 127.0.0.1:${port} shop.localhost body`);
    expect((await world.get("shop.localhost", "/loop")).status).toBe(508);
    expect((await world.get("shop.localhost", "/gone")).status).toBe(502);
  } finally {
    other.closeAllConnections();
    other.close();
  }
}, 60_000);

test("a WebSocket upgrade reaches the function and bytes flow both ways", async () => {
  world.startEdge();
  await world.deploy({
    id: "aaaaaaaaa",
    functions: { "api/socket": () => {} },
  });
  const socketApp = createServer();
  socketApp.on("upgrade", (_request, socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: echo\r\nconnection: upgrade\r\n\r\n");
    socket.pipe(socket);
  });
  world.useServer("api/socket", socketApp);
  const client = connect(world.edges[0]!.port, "127.0.0.1");
  let received = "";
  client.on("data", (chunk) => {
    received += chunk.toString();
  });
  client.write(
    "GET /api/socket HTTP/1.1\r\nhost: shop.localhost\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n",
  );
  await until(() => received.includes("\r\n\r\n"));
  expect(received).toStartWith("HTTP/1.1 101");
  client.write("ping");
  await until(() => received.endsWith("ping"));
  client.destroy();
}, 60_000);

test("requests are counted by deployment and told to control", async () => {
  world.startEdge();
  await world.deploy({ id: "aaaaaaaaa", files: { "index.html": "home" } });
  await world.get("shop.localhost", "/");
  await world.get("shop.localhost", "/missing");
  const sum = (index: number) =>
    world.measures.reduce((total, measure) => total + measure.statuses[index]!, 0);
  await until(() => sum(1) === 1 && sum(3) === 1);
  expect(world.measures[0]!.deployment).toBe("aaaaaaaaa");
}, 60_000);

test("an edge that starts while control and host are away serves what it served before", async () => {
  const edge = world.startEdge();
  await world.deploy({ id: "aaaaaaaaa", files: { "index.html": "home" } });
  await edge.stop(0);
  world.edges.pop();
  await world.stopServices();
  world.startEdge({ name: "edge-0" });
  expect((await world.get("shop.localhost", "/")).text).toBe("home");
}, 60_000);
