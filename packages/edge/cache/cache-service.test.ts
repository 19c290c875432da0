import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type AppName,
  cacheToken,
  type DeploymentId,
  type EnvironmentName,
  type OutputId,
  type ServedDeployment,
  type TagChanges,
} from "@evenkeel/model";
import { openCacheDatabase } from "./cache-database.ts";
import { startCacheService } from "./cache-service.ts";
import { EntryStore } from "./entry-store.ts";
import { SharedGeneration } from "./shared-generation.ts";
import { TagLedger } from "./tag-ledger.ts";

const key = new Uint8Array(32).fill(7);
const deployment = (id: string, environment: EnvironmentName): ServedDeployment => ({
  id: id as DeploymentId,
  app: "shop" as AppName,
  environment,
  output: "0".repeat(64) as OutputId,
  host: `shop-${id}.localhost`,
  createdAtMs: 0,
  maxInstances: 10,
});
const deployments = [
  deployment("aaaaaaaaa", "production"),
  deployment("bbbbbbbbb", "production"),
  deployment("ccccccccc", "preview"),
];

let folder: string;
const stops: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-cache-"));
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  rmSync(folder, { recursive: true, force: true });
});

/** One edge's view of the shared cache; two of them in one process share nothing but the files. */
function startEdge(name: string, limitBytes = 1e9) {
  const path = join(folder, "cache.sqlite");
  const durable = openCacheDatabase(path, true);
  const database = openCacheDatabase(path, false);
  const tags = new TagLedger(database, durable, new SharedGeneration(join(folder, "generation")));
  const entries = new EntryStore(database, limitBytes);
  const service = startCacheService({
    socketsFolder: join(folder, "sockets"),
    name,
    key,
    entries,
    tags,
    deployment: (id) => deployments.find((each) => each.id === id),
    revalidatePath: async (served, { path: page }) => ({
      status: 200,
      headers: { "x-page": served.id + page },
    }),
  });
  stops.push(() => {
    database.close();
    durable.close();
  }, service.stop);
  const call = (path: string, init: RequestInit & { as?: string } = {}) =>
    fetch(`http://cache${path}`, {
      ...init,
      unix: service.socketPath,
      headers: {
        authorization: `Bearer ${cacheToken(key, (init.as ?? "aaaaaaaaa") as DeploymentId)}`,
        ...(init.headers as Record<string, string>),
      },
    } as RequestInit);
  return { call, tags, entries };
}

const put = (
  edge: ReturnType<typeof startEdge>,
  name: string,
  headers: Record<string, string> = {},
  as?: string,
) => edge.call(`/v1/entries/${name}`, { method: "PUT", body: `value of ${name}`, headers, as });

test("an entry comes back as it was stored, to every deployment of the app's environment and to no preview", async () => {
  const edge = startEdge("edge-0");
  const stored = await put(edge, "a%2Fb", { "x-cache-meta": "{kind}", "x-cache-tags": "t" });
  expect(stored.status).toBe(204);
  const got = await edge.call("/v1/entries/a%2Fb", { as: "bbbbbbbbb" });
  expect(await got.text()).toBe("value of a%2Fb");
  expect(got.headers.get("x-cache-meta")).toBe("{kind}");
  expect(got.headers.get("x-cache-state")).toBe("fresh");
  expect((await edge.call("/v1/entries/a%2Fb", { as: "ccccccccc" })).status).toBe(404);
  expect((await edge.call("/v1/entries/a%2Fb", { method: "DELETE" })).status).toBe(204);
  expect((await edge.call("/v1/entries/a%2Fb")).status).toBe(404);
});

test("a token that was not made with the key opens nothing", async () => {
  const edge = startEdge("edge-0");
  for (const authorization of [
    "",
    "Bearer aaaaaaaaa",
    `Bearer ${cacheToken(new Uint8Array(32), deployments[0]!.id)}`,
  ]) {
    expect((await edge.call("/v1/entries/x", { headers: { authorization } })).status).toBe(401);
  }
});

test("a tag expired at one edge is expired at the other one, for what was made before it", async () => {
  const one = startEdge("edge-0");
  const two = startEdge("edge-1");
  await put(one, "x", { "x-cache-tags": "posts,post-1" });
  await put(one, "soft");
  await put(one, "other", { "x-cache-tags": "users" });
  expect((await two.call("/v1/entries/x")).status).toBe(200);
  const expired = await one.call("/v1/tags", { method: "POST", body: JSON.stringify({ tags: ["post-1"] }) });
  expect(expired.status).toBe(204);
  expect((await two.call("/v1/entries/x")).status).toBe(404);
  expect((await two.call("/v1/entries/soft?tags=post-1")).status).toBe(404);
  expect((await two.call("/v1/entries/other")).status).toBe(200);
  // Begun before the tag was expired, finished after it: as old as the tag.
  await put(two, "late", { "x-cache-tags": "post-1", "x-cache-created-ms": "1" });
  expect((await one.call("/v1/entries/late")).status).toBe(404);
});

test("a tag can make stale first and expire later, or never", async () => {
  const edge = startEdge("edge-0");
  await put(edge, "soon", { "x-cache-tags": "soon" });
  await put(edge, "never", { "x-cache-tags": "never" });
  const mark = (body: object) => edge.call("/v1/tags", { method: "POST", body: JSON.stringify(body) });
  await mark({ tags: ["soon"], expireAfterS: 3_600 });
  await mark({ tags: ["never"], expireAfterS: null });
  for (const name of ["soon", "never"]) {
    const got = await edge.call(`/v1/entries/${name}`);
    expect([got.status, got.headers.get("x-cache-state")]).toEqual([200, "stale"]);
  }
  const changes = (await (await edge.call("/v1/tags?since=0")).json()) as TagChanges;
  expect(changes.tags.map(({ tag }) => tag).sort()).toEqual(["never", "soon"]);
  const later = (await (await edge.call(`/v1/tags?since=${changes.cursor}`)).json()) as TagChanges;
  expect(later).toEqual({ cursor: changes.cursor, tags: [] });
});

test("an entry is stale after its revalidation time and gone after its expiry", async () => {
  const edge = startEdge("edge-0");
  const age = { "x-cache-created-ms": String(Date.now() - 60_000), "x-cache-revalidate-s": "30" };
  await put(edge, "stale", { ...age, "x-cache-expire-s": "3600" });
  await put(edge, "gone", { ...age, "x-cache-expire-s": "45" });
  expect((await edge.call("/v1/entries/stale")).headers.get("x-cache-state")).toBe("stale");
  expect((await edge.call("/v1/entries/gone")).status).toBe(404);
});

test("what is no key, tag list, time or JSON is refused with a reason", async () => {
  const edge = startEdge("edge-0");
  const post = (body: string) => edge.call("/v1/tags", { method: "POST", body });
  expect((await post("{")).status).toBe(400);
  expect((await post('{"tags":[1]}')).status).toBe(400);
  expect((await post('{"tags":["a"],"expireAfterS":"x"}')).status).toBe(400);
  expect((await edge.call("/v1/tags?since=-1")).status).toBe(400);
  expect((await put(edge, "%ff")).status).toBe(400);
  expect((await put(edge, "x", { "x-cache-revalidate-s": "soon" })).status).toBe(400);
  expect((await edge.call("/v1/entries/x", { method: "PATCH" })).status).toBe(405);
});

test("a path is revalidated at the deployment of the token", async () => {
  const edge = startEdge("edge-0");
  const got = await edge.call("/v1/revalidate", {
    method: "POST",
    body: JSON.stringify({ path: "/p", headers: {} }),
    as: "bbbbbbbbb",
  });
  expect(await got.json()).toEqual({ status: 200, headers: { "x-page": "bbbbbbbbb/p" } });
});

test("a full store drops what was not used for longest", () => {
  const { entries } = startEdge("edge-0", 100_000);
  const bytes = new Uint8Array(1_000);
  for (let index = 0; index < 256; index++) {
    entries.put("s", `k${index}`, {
      createdMs: 1,
      staleMs: null,
      expiresMs: null,
      tags: [],
      meta: "",
      bytes,
    });
  }
  expect(entries.get("s", "k0")).toBeUndefined();
  expect(entries.get("s", "k255")).toBeDefined();
});

test("only one process may make an entry again, until it gives it back or its time is over", () => {
  const one = startEdge("edge-0");
  const two = startEdge("edge-1");
  expect(one.entries.claim("p", 60_000)).toBe(true);
  expect(two.entries.claim("p", 60_000)).toBe(false);
  one.entries.release("p");
  expect(two.entries.claim("p", -1)).toBe(true);
  expect(one.entries.claim("p", 60_000)).toBe(true);
  one.entries.release("p", 60_000);
  expect(two.entries.claim("p", 60_000)).toBe(false);
});

test("a damaged store is begun anew", () => {
  const path = join(folder, "cache.sqlite");
  writeFileSync(path, "this is no database, and long enough to be taken for one".repeat(100));
  const { entries } = startEdge("edge-0");
  entries.put("s", "k", {
    createdMs: 1,
    staleMs: null,
    expiresMs: null,
    tags: [],
    meta: "",
    bytes: new Uint8Array(1),
  });
  expect(entries.get("s", "k")).toBeDefined();
  expect(readFileSync(`${path}.damaged`, "utf8")).toStartWith("this is no database");
});
