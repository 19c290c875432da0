import { afterAll, afterEach, beforeEach, expect, test } from "bun:test";
import { FakeCache } from "./testing/fake-cache.ts";
import { request } from "./testing/raw-http.ts";
import { TestInstance } from "./testing/test-instance.ts";

let cache: FakeCache;
beforeEach(() => {
  cache = new FakeCache();
  cache.listen("edge-0");
});
afterEach(() => cache.stop());
afterAll(() => TestInstance.stopAll());

/** A function whose path names one of the expressions below; it answers what that gives, as JSON. */
async function start(
  calls: Record<string, string>,
  environment = {},
): Promise<(path: string) => Promise<unknown>> {
  const cases = Object.entries(calls).map(([name, code]) => `"/${name}": async () => { ${code} },`);
  const app = await TestInstance.start({
    files: {
      "___next_launcher.cjs": `
        const context = () => globalThis[Symbol.for("@vercel/request-context")].get();
        const handlers = globalThis[Symbol.for("@next/cache-handlers")];
        const stream = (text) => new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode(text)); c.close(); } });
        const calls = {${cases.join("\n")}};
        module.exports = async (req, res) => {
          try { res.json({ is: (await calls[req.url]()) ?? null }); } catch (error) { res.json({ error: error.code ?? error.message }); }
        };`,
    },
    environment: { EVENKEEL_CACHE_SOCKETS: cache.folder, EVENKEEL_CACHE_TOKEN: "token", ...environment },
  });
  expect(app.failure).toBeUndefined();
  return async (path) => JSON.parse((await request(app.socketPath, { path: `/${path}` })).text);
}

test("the runtime cache keeps values, and forgets them by key and by tag", async () => {
  const call = await start({
    set: `await context().cache.set("k", { a: [1] }, { tags: ["t,1"], ttl: 60, name: "k" });`,
    get: `return context().cache.get("k");`,
    delete: `await context().cache.delete("k");`,
    expire: `await context().cache.expireTag("t,1");`,
  });
  expect(await call("get")).toEqual({ is: null });
  await call("set");
  expect(await call("get")).toEqual({ is: { a: [1] } });
  await call("delete");
  expect(await call("get")).toEqual({ is: null });
  await call("set");
  await call("expire");
  expect(await call("get")).toEqual({ is: null });
  expect(cache.invalidations).toEqual([{ tags: ["t,1"] }]);
}, 60_000);

test("the purge API makes stale or deletes", async () => {
  const call = await start({
    invalidate: `await context().purge.invalidateByTag(["a", "b"]);`,
    remove: `await context().purge.dangerouslyDeleteByTag("a");`,
    later: `await context().purge.dangerouslyDeleteByTag("a", { revalidationDeadlineSeconds: 9 });`,
  });
  for (const name of ["invalidate", "remove", "later"]) expect(await call(name)).toEqual({ is: null });
  expect(cache.invalidations).toEqual([
    { tags: ["a", "b"], expireAfterS: null },
    { tags: ["a"] },
    { tags: ["a"], expireAfterS: 9 },
  ]);
}, 60_000);

test("Next.js's data cache is shared, stale by tag, and gone when its tag expires", async () => {
  const call = await start({
    set: `await new handlers.FetchCache({}).set("k", { kind: "FETCH", data: { body: "x" }, revalidate: 60, tags: ["posts"] }, { fetchCache: true, tags: ["posts"] });`,
    get: `const entry = await new handlers.FetchCache({}).get("k", { kind: "FETCH", tags: ["posts"], softTags: ["_N_T_/a"] }); return entry && { value: entry.value, old: Date.now() - entry.lastModified > 1e9 };`,
    page: `return new handlers.FetchCache({}).get("k", { kind: "APP_PAGE" });`,
    stale: `await new handlers.FetchCache({}).revalidateTag(["_N_T_/a"], { expire: 300 });`,
    expire: `await new handlers.FetchCache({}).revalidateTag("posts");`,
  });
  await call("set");
  const value = { kind: "FETCH", data: { body: "x" }, revalidate: 60, tags: ["posts"] };
  expect(await call("get")).toEqual({ is: { value, old: false } });
  expect(await call("page")).toEqual({ is: null });
  await call("stale");
  expect(await call("get")).toEqual({ is: { value, old: true } });
  await call("expire");
  expect(await call("get")).toEqual({ is: null });
}, 60_000);

test("'use cache' keeps streams with their description, and one invalidation of all handlers is sent once", async () => {
  const call = await start({
    set: `await handlers.DefaultCache.set("k", Promise.resolve({ value: stream("line 1\\nline 2"), tags: ["t"], stale: 30, timestamp: Date.now(), expire: 600, revalidate: 60 }));`,
    get: `const entry = await handlers.RemoteCache.get("k", []); return entry && { text: await new Response(entry.value).text(), tags: entry.tags, revalidate: entry.revalidate };`,
    stale: `await handlers.DefaultCache.updateTags(["t"], {});`,
    all: `await Promise.all([...new Set([handlers.DefaultCache, handlers.RemoteCache])].map((h) => h.updateTags(["t"])).concat(new handlers.FetchCache({}).revalidateTag(["t"])));`,
    broken: `await handlers.DefaultCache.set("b", Promise.reject(new Error("no value"))); return handlers.DefaultCache.get("b", []);`,
    expiration: `return String(await handlers.DefaultCache.getExpiration(["t"]));`,
  });
  expect(await call("get")).toEqual({ is: null });
  await call("set");
  expect(await call("get")).toEqual({ is: { text: "line 1\nline 2", tags: ["t"], revalidate: 60 } });
  await call("stale");
  expect(await call("get")).toEqual({ is: { text: "line 1\nline 2", tags: ["t"], revalidate: -1 } });
  await call("all");
  expect(await call("get")).toEqual({ is: null });
  expect(cache.invalidations).toEqual([{ tags: ["t"], expireAfterS: null }, { tags: ["t"] }]);
  expect(await call("broken")).toEqual({ is: null });
  expect(await call("expiration")).toEqual({ is: "Infinity" });
}, 60_000);

test("res.revalidate() of the Pages Router goes to the deployment, other requests to the network", async () => {
  const call = await start({
    revalidate: `const res = await fetch("https://shop.localhost/blog/1?a=b", { method: "HEAD", headers: { "x-prerender-revalidate": "bypass" } }); return [res.status, res.headers.get("x-vercel-cache")];`,
    other: `return fetch("http://127.0.0.1:1/", { method: "HEAD", headers: {} }).catch((error) => error.name);`,
  });
  expect(await call("revalidate")).toEqual({ is: [200, "REVALIDATED"] });
  expect(cache.revalidations).toEqual([
    { path: "/blog/1?a=b", headers: { "x-prerender-revalidate": "bypass" } },
  ]);
  expect(await call("other")).toEqual({ is: "TypeError" });
}, 60_000);

test("the data cache of Next.js 14 is answered in the process", async () => {
  const url = `https://\${process.env.SUSPENSE_CACHE_URL}/v1/suspense-cache`;
  const headers = `{ "x-vercel-cache-tags": "posts", "x-vercel-revalidate": "60" }`;
  const call = await start({
    set: `await fetch(\`${url}/k\`, { method: "POST", headers: ${headers}, body: JSON.stringify({ kind: "FETCH" }) });`,
    get: `const res = await fetch(\`${url}/k\`, { headers: { "x-vercel-cache-tags": "posts" } }); return res.ok ? [await res.json(), res.headers.get("x-vercel-cache-state"), res.headers.get("age")] : res.status;`,
    expire: `return (await fetch(\`${url}/revalidate?tags=posts,a%20b\`, { method: "POST", headers: {} })).ok;`,
  });
  expect(await call("get")).toEqual({ is: 404 });
  await call("set");
  expect(await call("get")).toEqual({ is: [{ kind: "FETCH" }, "fresh", expect.stringMatching(/^\d+$/)] });
  expect(await call("expire")).toEqual({ is: true });
  expect(await call("get")).toEqual({ is: 404 });
  expect(cache.invalidations).toEqual([{ tags: ["posts", "a b"] }]);
}, 60_000);

test("a dead edge is passed over, a new one is found, and without any reads miss but invalidations fail loudly", async () => {
  const call = await start({
    set: `await context().cache.set("k", 1);`,
    get: `return context().cache.get("k");`,
    expire: `await context().cache.expireTag("t");`,
  });
  await call("set");
  cache.listen("edge-1");
  cache.kill("edge-0");
  expect(await call("get")).toEqual({ is: 1 });
  cache.kill("edge-1");
  expect(await call("get")).toEqual({ is: null });
  expect(await call("set")).toEqual({ is: null });
  expect(await call("expire")).toEqual({ error: "cache_service_failed" });
  cache.listen("edge-2");
  expect(await call("get")).toEqual({ is: 1 });
}, 60_000);
