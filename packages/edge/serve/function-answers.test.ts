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
  const timeout = "FUNCTION_INVOCATION_TIMEOUT";
  expect(await codeOf("/api/never", "slow.localhost")).toEqual([504, timeout, timeout]);
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
  world.host.useServer("api/socket", socketApp);
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
