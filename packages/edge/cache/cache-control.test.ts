import { expect, test } from "bun:test";
import { browserCacheControl, defaultCacheControl, readCachePolicy } from "./cache-control.ts";

const policy = (headers: Record<string, string>) => readCachePolicy((name) => headers[name]);

test("s-maxage and stale-while-revalidate are for this cache, max-age alone is not", () => {
  expect(policy({ "cache-control": "s-maxage=60, stale-while-revalidate=120" })).toEqual({
    freshS: 60,
    staleS: 120,
    forbidden: false,
  });
  expect(policy({ "cache-control": "public, max-age=60" }).freshS).toBeUndefined();
  expect(policy({}).freshS).toBeUndefined();
  expect(policy({ "cache-control": "s-maxage=x" }).freshS).toBeUndefined();
});

test("the most targeted header decides alone", () => {
  const all = { "cache-control": "s-maxage=1", "cdn-cache-control": "max-age=2" };
  expect(policy(all).freshS).toBe(2);
  expect(policy({ ...all, "vercel-cdn-cache-control": "max-age=3" }).freshS).toBe(3);
  expect(policy({ ...all, "vercel-cdn-cache-control": "no-store" })).toMatchObject({ forbidden: true });
});

test("private, no-store and no-cache forbid a shared cache", () => {
  for (const value of ["private, s-maxage=5", "no-store", "No-Cache"]) {
    expect(policy({ "cache-control": value }).forbidden).toBe(true);
  }
});

test("browsers get what was meant for them", () => {
  expect(browserCacheControl(undefined)).toBe(defaultCacheControl);
  expect(browserCacheControl("s-maxage=60, stale-while-revalidate=5")).toBe(defaultCacheControl);
  expect(browserCacheControl("public, s-maxage=60")).toBe(defaultCacheControl);
  expect(browserCacheControl("public, max-age=10, s-maxage=60")).toBe("public, max-age=10");
  expect(browserCacheControl("private, no-store")).toBe("private, no-store");
  expect(browserCacheControl("public,max-age=31536000,immutable")).toBe("public,max-age=31536000,immutable");
});
