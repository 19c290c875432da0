import { afterEach, beforeEach, expect, test } from "bun:test";
import type { IncomingMessage, ServerResponse } from "node:http";
import { brotliDecompressSync } from "node:zlib";
import type { DeploymentId } from "@evenkeel/model";
import { bodyOf, TestWorld } from "../testing/test-world.ts";
import { until } from "../testing/until.ts";

let world: TestWorld;
let renders: IncomingMessage[];
beforeEach(() => {
  world = new TestWorld();
  renders = [];
});
afterEach(() => world.stop());

/** A render that says which one it is. */
const counting =
  (headers: Record<string, string> = {}, status = 200) =>
  (request: IncomingMessage, response: ServerResponse) => {
    renders.push(request);
    response.writeHead(status, { "content-type": "text/html; charset=utf-8", ...headers });
    response.end(`render ${renders.length}`);
  };

const cacheOf = ({ status, text, headers }: Awaited<ReturnType<TestWorld["get"]>>) => [
  status,
  text,
  headers["x-vercel-cache"],
];

const bypassToken = "bypass-token-of-the-build";

test("a page is given as the build made it, then from memory, without any render", async () => {
  world.startEdge();
  await world.deploy({
    id: "aaaaaaaaa",
    functions: { index: counting() },
    prerenders: {
      index: {
        fallback: "built",
        initialHeaders: {
          "x-next-cache-tags": "a,b",
          "x-nextjs-stale-time": "300",
          "cache-control": "s-maxage=60",
        },
      },
    },
  });
  const first = await world.get("shop.localhost", "/");
  expect(cacheOf(first)).toEqual([200, "built", "PRERENDER"]);
  expect(first.headers["x-next-cache-tags"]).toBeUndefined();
  expect(first.headers).toMatchObject({
    "x-nextjs-stale-time": "300",
    "cache-control": "public, max-age=0, must-revalidate",
    "content-length": "5",
  });
  const second = await world.get("shop.localhost", "/");
  expect(cacheOf(second)).toEqual([200, "built", "HIT"]);
  const head = await world.get("shop.localhost", "/", { method: "HEAD" });
  expect([head.status, head.text, head.headers["content-length"]]).toEqual([200, "", "5"]);
  const unchanged = await world.get("shop.localhost", "/", {
    headers: { "if-none-match": first.headers["etag"]! },
  });
  expect([unchanged.status, unchanged.text]).toEqual([304, ""]);
  expect(renders.length).toBe(0);
}, 60_000);

test("a page without a fallback is rendered once however many ask, and is on disk for other edges", async () => {
  world.startEdge();
  world.startEdge();
  await world.deploy({
    id: "aaaaaaaaa",
    functions: { "blog/[slug]": counting() },
    prerenders: { "blog/[slug]": { expiration: 3_600, allowQuery: ["nxtPslug"] } },
    routes: [
      { handle: "filesystem" },
      { handle: "rewrite" },
      { src: "^/blog/(?<nxtPslug>[^/]+)$", dest: "/blog/[slug]?nxtPslug=$nxtPslug", check: true },
    ],
  });
  const answers = await Promise.all(
    Array.from({ length: 5 }, () =>
      world.get("shop.localhost", "/blog/a?utm=1", { headers: { cookie: "user=1" } }),
    ),
  );
  expect(answers.map(({ text }) => text)).toEqual(answers.map(() => "render 1"));
  expect(cacheOf(await world.get("shop.localhost", "/blog/a", { edge: 1 }))).toEqual([
    200,
    "render 1",
    "HIT",
  ]);
  expect(cacheOf(await world.get("shop.localhost", "/blog/b"))).toEqual([200, "render 2", "MISS"]);
  expect(renders.length).toBe(2);
  // Nothing of the one client who happened to ask.
  expect(renders[0]!.headers.cookie).toBeUndefined();
  expect(renders[0]!.url).toBe("/blog/a");
  expect(renders[0]!.headers).toMatchObject({
    host: "shop.localhost",
    "x-matched-path": "/blog/[slug]",
    "x-now-route-matches": expect.stringContaining("nxtPslug=a"),
  });
}, 60_000);

test("a stale page is given at once and made anew behind it, once for all edges", async () => {
  world.startEdge();
  world.startEdge();
  let finish = () => {};
  const held = new Promise<void>((resolve) => {
    finish = resolve;
  });
  await world.deploy({
    id: "aaaaaaaaa",
    createdAtMs: Date.now() - 120_000,
    functions: {
      index: async (request, response) => {
        renders.push(request);
        await held;
        response.setHeader("cache-control", "s-maxage=3600");
        response.end("fresh");
      },
    },
    prerenders: { index: { fallback: "built", expiration: 60 } },
  });
  for (let round = 0; round < 10; round++) {
    for (const edge of [0, 1]) expect((await world.get("shop.localhost", "/", { edge })).text).toBe("built");
  }
  await until(() => renders.length > 0);
  finish();
  for (const edge of [0, 1]) {
    await until(async () => (await world.get("shop.localhost", "/", { edge })).text === "fresh");
    expect(cacheOf(await world.get("shop.localhost", "/", { edge }))).toEqual([200, "fresh", "HIT"]);
  }
  expect(renders.length).toBe(1);
}, 60_000);

test("a page that cannot be made anew stays as it was", async () => {
  world.startEdge();
  await world.deploy({
    id: "aaaaaaaaa",
    createdAtMs: Date.now() - 120_000,
    functions: { index: counting({}, 500) },
    prerenders: { index: { fallback: "built", expiration: 60 } },
  });
  for (let round = 0; round < 3; round++) {
    const answer = await world.get("shop.localhost", "/");
    expect([answer.status, answer.text]).toEqual([200, "built"]);
    await until(() => renders.length > 0);
  }
  expect(renders.length).toBe(1);
}, 60_000);

test("preview mode, server actions and other methods reach the function with all the client sent", async () => {
  world.startEdge();
  await world.deploy({
    id: "aaaaaaaaa",
    functions: {
      index: async (request, response) =>
        response.end(
          JSON.stringify([request.method, request.url, request.headers.cookie, await bodyOf(request)]),
        ),
    },
    prerenders: {
      index: {
        fallback: "built",
        bypassToken,
        allowQuery: [],
        experimentalBypassFor: [{ type: "header", key: "next-action" }],
      },
    },
  });
  const cookie = `user=1; __prerender_bypass=${bypassToken}`;
  const preview = await world.get("shop.localhost", "/?a=1", { headers: { cookie } });
  expect(JSON.parse(preview.text)).toEqual(["GET", "/?a=1", cookie, ""]);
  expect(preview.headers["x-vercel-cache"]).toBe("BYPASS");
  const action = await world.get("shop.localhost", "/", {
    method: "POST",
    headers: { "next-action": "id" },
    body: "form",
  });
  expect(JSON.parse(action.text)).toEqual(["POST", "/", null, "form"]);
  expect((await world.get("shop.localhost", "/?a=1")).text).toBe("built");
}, 60_000);

test("a page that the app marks as private, or gives a cookie with, is for the one who asked", async () => {
  world.startEdge();
  await world.deploy({
    id: "aaaaaaaaa",
    functions: { index: counting({ "set-cookie": "secret=1" }) },
    prerenders: { index: { expiration: 60 } },
  });
  const answers = await Promise.all([1, 2, 3].map(() => world.get("shop.localhost", "/")));
  expect(new Set(answers.map(({ text }) => text)).size).toBe(3);
}, 60_000);

test("the pages of a group are made anew together", async () => {
  world.startEdge();
  const createdAtMs = Date.now() - 120_000;
  await world.deploy({
    id: "aaaaaaaaa",
    createdAtMs,
    functions: {
      "page.html": counting({ "cache-control": "s-maxage=3600" }),
      "page.rsc": counting({ "cache-control": "s-maxage=3600" }),
    },
    prerenders: {
      "page.html": { fallback: "built html", expiration: 60, group: 1 },
      "page.rsc": { fallback: "built rsc", expiration: false, group: 1 },
    },
  });
  expect((await world.get("shop.localhost", "/page.rsc")).text).toBe("built rsc");
  expect((await world.get("shop.localhost", "/page.html")).text).toBe("built html");
  await until(async () => (await world.get("shop.localhost", "/page.html")).text === "render 1");
  await until(async () => (await world.get("shop.localhost", "/page.rsc")).text === "render 2");
  for (let round = 0; round < 3; round++) {
    expect(cacheOf(await world.get("shop.localhost", "/page.html"))).toEqual([200, "render 1", "HIT"]);
    expect(cacheOf(await world.get("shop.localhost", "/page.rsc"))).toEqual([200, "render 2", "HIT"]);
  }
}, 60_000);

test("a failed render ends in the app's error page, or in its own body where the output exposes it", async () => {
  world.startEdge();
  await world.deploy({
    id: "aaaaaaaaa",
    files: { "500.html": "own 500" },
    functions: { hidden: counting({}, 503), exposed: counting({}, 503) },
    prerenders: { hidden: { expiration: 60 }, exposed: { expiration: 60, exposeErrBody: true } },
    routes: [{ handle: "filesystem" }, { handle: "error" }, { src: "/.*", status: 503, dest: "/500.html" }],
  });
  const hidden = await world.get("shop.localhost", "/hidden");
  expect([hidden.status, hidden.text]).toEqual([503, "own 500"]);
  expect(cacheOf(await world.get("shop.localhost", "/exposed"))).toEqual([503, "render 2", "MISS"]);
}, 60_000);

test("a page is sent compressed once its compressed form is there", async () => {
  world.startEdge();
  const built = "<p>evenkeel</p>".repeat(500);
  await world.deploy({
    id: "aaaaaaaaa",
    functions: { index: counting() },
    prerenders: { index: { fallback: built } },
  });
  const get = async () => {
    const port = world.edges[0]!.port;
    const answer = await fetch(`http://127.0.0.1:${port}/`, {
      headers: { host: "shop.localhost", "accept-encoding": "br" },
      decompress: false,
    });
    return {
      coding: answer.headers.get("content-encoding"),
      vary: answer.headers.get("vary"),
      body: await answer.bytes(),
    };
  };
  expect((await get()).vary).toBe("accept-encoding");
  await until(async () => (await get()).coding === "br");
  expect(brotliDecompressSync((await get()).body).toString()).toBe(built);
}, 60_000);

test("pages outlive an edge; those of a removed deployment are forgotten", async () => {
  const edge = world.startEdge();
  await world.deploy({
    id: "aaaaaaaaa",
    functions: { index: counting() },
    prerenders: { index: { expiration: 3_600 } },
  });
  expect((await world.get("shop.localhost", "/")).text).toBe("render 1");
  await edge.stop(0);
  world.edges.pop();
  world.startEdge();
  await until(async () => (await world.get("shop.localhost", "/")).status === 200);
  expect(cacheOf(await world.get("shop.localhost", "/"))).toEqual([200, "render 1", "HIT"]);
  await world.change([{ remove: "deployment", id: "aaaaaaaaa" as DeploymentId }]);
  expect((await world.get("shop.localhost", "/")).status).toBe(404);
}, 60_000);
