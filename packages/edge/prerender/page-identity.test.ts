import { expect, test } from "bun:test";
import type { Prerender } from "@evenkeel/model";
import type { PrerenderResolution } from "../routing/resolution.ts";
import { identifyPage } from "./page-identity.ts";

const resolution = (
  prerender: Partial<Prerender>,
  rest: Partial<PrerenderResolution> = {},
): PrerenderResolution => ({
  kind: "prerender",
  key: "blog/[slug]",
  matchedPath: "/blog/[slug]",
  pagePath: "/blog/a%20b",
  prerender: { expiration: 60, passQuery: false, exposeErrBody: false, partialFallback: false, ...prerender },
  function: undefined,
  query: "",
  parameters: "",
  routeMatches: "",
  headers: [],
  importantHeaders: [],
  appendedHeaders: [],
  deletedHeaders: [],
  ...rest,
});
const none = () => undefined;

test("only allowed parameters tell pages apart, in whatever order they come", () => {
  const prerender = { allowQuery: ["a", "b"] };
  const one = identifyPage(resolution(prerender, { query: "b=2&x=9&a=1" }), none);
  const other = identifyPage(resolution(prerender, { query: "a=1&b=2" }), none);
  expect(one.key).toBe(other.key);
  expect(one.specific).toBe(true);
  expect(one.target).toBe("/blog/a%20b");
  expect(identifyPage(resolution({ allowQuery: [] }, { query: "a=1" }), none).specific).toBe(false);
  expect(identifyPage(resolution({}, { query: "a=1" }), none).key).not.toBe(
    identifyPage(resolution({}, { query: "a=2" }), none).key,
  );
});

test("the query reaches the function only where the output says so, and only what is allowed", () => {
  const query = { query: "a=1&x=2" };
  expect(identifyPage(resolution({ allowQuery: ["a"], passQuery: true }, query), none).target).toBe(
    "/blog/a%20b?a=1",
  );
  expect(identifyPage(resolution({ allowQuery: ["a"] }, query), none).target).toBe("/blog/a%20b");
});

test("allowed headers are part of the page and reach its function", () => {
  const french = identifyPage(resolution({ allowHeader: ["Accept-Language"] }), () => "fr");
  const german = identifyPage(resolution({ allowHeader: ["Accept-Language"] }), () => "de");
  expect(french.key).not.toBe(german.key);
  expect(french.headers).toEqual([["accept-language", "fr"]]);
  // What Next.js lists is the platform's own and makes no page of its own.
  const listed = { allowHeader: ["host", "x-matched-path", "x-prerender-revalidate"] };
  const page = identifyPage(resolution(listed), () => "anything");
  expect(page.headers).toEqual([]);
  expect(page.key).toBe(identifyPage(resolution({}), none).key);
});

test("a shell that all values of a parameter share is rendered without any of them", () => {
  const page = {
    query: "nxtPslug=secret",
    routeMatches: "1=secret&nxtPslug=secret",
    pagePath: "/blog/secret",
  };
  const shared = identifyPage(resolution({ allowQuery: [] }, page), none);
  expect(JSON.stringify(shared)).not.toContain("secret");
  expect(shared.target).toBe("/blog/[slug]");
  expect(shared.routeMatches).toBe("nxtPslug=%5Bslug%5D");
  const own = identifyPage(resolution({ allowQuery: ["nxtPslug"] }, page), none);
  expect(own.target).toBe("/blog/secret");
  expect(own.routeMatches).toBe("1=secret&nxtPslug=secret");
});
