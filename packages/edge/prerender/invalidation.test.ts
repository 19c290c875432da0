import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { cacheToken, type DeploymentId } from "@evenkeel/model";
import { TestWorld } from "../testing/test-world.ts";
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

/** A call of the cache service, as an instance of the deployment makes it. */
async function callCacheService(path: string, body: object, deployment = "aaaaaaaaa"): Promise<Response> {
  const folder = world.layout.cacheSockets;
  const [socket] = readdirSync(folder);
  const key = readFileSync(world.layout.cacheKey);
  return await fetch(`http://cache${path}`, {
    method: "POST",
    unix: join(folder, socket!),
    headers: { authorization: `Bearer ${cacheToken(key, deployment as DeploymentId)}` },
    body: JSON.stringify(body),
  });
}

const bypassToken = "bypass-token-of-the-build";

test("an expired tag takes effect at every edge before its call is answered, a stale one behind the next request", async () => {
  world.startEdge();
  world.startEdge();
  await world.deploy({
    id: "aaaaaaaaa",
    functions: { index: counting({ "x-next-cache-tags": "posts", "cache-control": "s-maxage=3600" }) },
    prerenders: { index: { fallback: "built", initialHeaders: { "x-next-cache-tags": "posts" } } },
  });
  for (const edge of [0, 1]) expect((await world.get("shop.localhost", "/", { edge })).text).toBe("built");
  expect((await callCacheService("/v1/tags", { tags: ["posts"] })).status).toBe(204);
  expect(cacheOf(await world.get("shop.localhost", "/", { edge: 1 }))).toEqual([200, "render 1", "MISS"]);
  expect((await world.get("shop.localhost", "/", { edge: 0 })).text).toBe("render 1");
  expect((await callCacheService("/v1/tags", { tags: ["posts"], expireAfterS: 3_600 })).status).toBe(204);
  expect(cacheOf(await world.get("shop.localhost", "/", { edge: 0 }))).toEqual([200, "render 1", "STALE"]);
  for (const edge of [0, 1]) {
    await until(async () => (await world.get("shop.localhost", "/", { edge })).text === "render 2");
  }
  expect(renders.length).toBe(2);
}, 60_000);

test("the app makes a page anew by its token, over HTTP or the cache service; other edges give the new one", async () => {
  world.startEdge();
  world.startEdge();
  await world.deploy({
    id: "aaaaaaaaa",
    functions: { index: counting() },
    prerenders: { index: { fallback: "built", bypassToken } },
  });
  for (const edge of [0, 1]) expect((await world.get("shop.localhost", "/", { edge })).text).toBe("built");
  const headers = { "x-prerender-revalidate": bypassToken };
  expect(cacheOf(await world.get("shop.localhost", "/", { headers }))).toEqual([
    200,
    "render 1",
    "REVALIDATED",
  ]);
  expect(renders[0]!.headers["x-prerender-revalidate"]).toBe(bypassToken);
  expect(cacheOf(await world.get("shop.localhost", "/", { edge: 1 }))).toEqual([200, "render 1", "HIT"]);
  const revalidated = await callCacheService("/v1/revalidate", { path: "/", headers });
  expect(await revalidated.json()).toEqual({ status: 200, headers: { "x-vercel-cache": "REVALIDATED" } });
  for (const edge of [0, 1]) expect((await world.get("shop.localhost", "/", { edge })).text).toBe("render 2");
  expect(
    (await world.get("shop.localhost", "/", { headers: { "x-prerender-revalidate": "wrong" } })).text,
  ).toBe("render 2");
}, 60_000);
