import { describe, expect, test } from "bun:test";
import type { Route } from "@evenkeel/model";
import { compileRouter } from "./compile-router.ts";
import { exampleOutput, exampleRequest } from "./example-output.ts";
import { readMiddlewareAnswer } from "./middleware-answer.ts";
import { nextOutput } from "./next-output.ts";
import type { MiddlewareNext, MiddlewareStep, Resolution } from "./resolution.ts";

const brief = (found: Resolution) => ({
  kind: found.kind,
  ...("key" in found && { key: found.key }),
  ...("query" in found && found.query !== "" && { query: found.query }),
  ...("status" in found && { status: found.status }),
});

describe("a Next.js App Router app", () => {
  const router = compileRouter(nextOutput({ middleware: false }));
  const rsc = { rsc: "1" };
  const prefetch = { ...rsc, "next-router-prefetch": "1", "next-router-segment-prefetch": "/_tree" };

  test.each<[string, Record<string, string>, object]>([
    ["/", {}, { kind: "prerender", key: "index" }],
    ["/", rsc, { kind: "prerender", key: "index.rsc" }],
    ["/", prefetch, { kind: "prerender", key: "index.segments/_tree.segment.rsc" }],
    ["/about", {}, { kind: "prerender", key: "about" }],
    ["/about", rsc, { kind: "prerender", key: "about.rsc" }],
    ["/about", prefetch, { kind: "prerender", key: "about.segments/_tree.segment.rsc" }],
    ["/about/?x=1", {}, { kind: "redirect", status: 308 }],
    ["/venues/one", {}, { kind: "prerender", key: "venues/one" }],
    ["/venues/two?x=1", {}, { kind: "prerender", key: "venues/[slug]", query: "x=1&nxtPslug=two" }],
    ["/venues/two", rsc, { kind: "prerender", key: "venues/[slug].rsc", query: "nxtPslug=two" }],
    ["/venues/two/menu", {}, { kind: "function", key: "venues/[slug]/menu", query: "nxtPslug=two" }],
    [
      "/venues/two/menu",
      prefetch,
      { kind: "function", key: "venues/[slug]/menu.rsc", query: "nxtPslug=two" },
    ],
    ["/api/items/%C3%A9%26x", {}, { kind: "function", key: "api/items/[id]", query: "nxtPid=%C3%A9%26x" }],
    ["/shop/a/b", {}, { kind: "function", key: "shop/[...path]", query: "nxtPpath=a%2Fb" }],
    ["/docs-alias/two", {}, { kind: "prerender", key: "venues/[slug]", query: "via=alias&nxtPslug=two" }],
    ["/404", {}, { kind: "file", key: "404", status: 404 }],
    ["/_next/__private/trace", {}, { kind: "file", key: "404", status: 404 }],
    ["/nowhere/at/all", {}, { kind: "file", key: "404", status: 404 }],
    ["/nowhere", rsc, { kind: "file", key: "404", status: 404 }],
    ["/_next/static/chunks/main.js", {}, { kind: "file", key: "_next/static/chunks/main.js" }],
    ["/_next/static/chunks/gone.js", {}, { kind: "file", key: "_next/static/not-found.txt", status: 404 }],
    ["/_next/image?url=%2Fa.png&w=640&q=75", {}, { kind: "image", query: "url=%2Fa.png&w=640&q=75" }],
  ])("%s with %j", (line, headers, expected) => {
    const request = exampleRequest(line, headers);
    expect(brief(router.resolve(request))).toEqual(expected as never);
    expect(brief(router.resolve(request))).toEqual(expected as never);
  });

  test("a page with parameters is told its own path and its groups", () => {
    expect(router.resolve(exampleRequest("/venues/a%20b"))).toMatchObject({
      matchedPath: "/venues/[slug]",
      pagePath: "/venues/a%20b",
      routeMatches: "1=a%2520b&nxtPslug=a%2520b",
      importantHeaders: [["x-matched-path", "/venues/[slug]"]],
      headers: [["x-frame-options", "DENY"]],
      parameters: "nxtPslug=a%20b",
    });
  });

  test("a page of its own has no groups to be told, in its RSC form either", () => {
    expect(router.resolve(exampleRequest("/venues/one", rsc))).toMatchObject({
      key: "venues/one.rsc",
      routeMatches: "",
    });
  });

  test("hashed assets are immutable, and their error text is plain", () => {
    expect(router.resolve(exampleRequest("/_next/static/chunks/main.js"))).toMatchObject({
      importantHeaders: expect.arrayContaining([["cache-control", "public,max-age=31536000,immutable"]]),
    });
    expect(router.resolve(exampleRequest("/_next/static/gone.js"))).toMatchObject({
      headers: expect.arrayContaining([["content-type", "text/plain; charset=utf-8"]]),
    });
  });

  test("a redirect fills in what its groups caught", () => {
    expect(router.resolve(exampleRequest("/old/one"))).toMatchObject({
      status: 307,
      location: "/venues/one",
    });
    expect(router.resolve(exampleRequest("/old"))).toMatchObject({ status: 307, location: "/venues/" });
  });

  test("a rewrite to another host", () => {
    expect(router.resolve(exampleRequest("POST /proxied/a/b?c=1"))).toMatchObject({
      kind: "proxy",
      url: "https://upstream.example/a/b?c=1",
    });
  });

  test("a crashed function gets the page of its status, or the bare status", () => {
    const request = exampleRequest("/shop/a");
    expect(brief(router.resolveError(request, 500))).toEqual({ kind: "file", key: "500", status: 500 });
    expect(brief(router.resolveError(request, 504))).toEqual({ kind: "status", status: 504 });
  });
});

describe("a middleware", () => {
  const router = compileRouter(nextOutput({ middleware: true }));
  const step = (line: string, headers?: Record<string, string>): MiddlewareStep => {
    const found = router.resolve(exampleRequest(line, headers));
    if (found.kind !== "middleware") throw new Error(`not a middleware: ${found.kind}`);
    return found;
  };
  const next = (headers: [string, string][]) => readMiddlewareAnswer(headers) as MiddlewareNext;

  test("is run where its matcher says, after redirects", () => {
    expect(step("/about?x=1")).toMatchObject({ key: "_middleware", path: "/about", query: "x=1" });
    expect(router.resolve(exampleRequest("/_next/static/chunks/main.js")).kind).toBe("file");
    expect(router.resolve(exampleRequest("/about/")).kind).toBe("redirect");
    expect(router.resolve(exampleRequest("/about", { "x-prerender-revalidate": "previewModeId" })).kind).toBe(
      "prerender",
    );
  });

  test.each(["/%61bout", "/x/../about", "/./about", "/x\\..\\about"])(
    "cannot be walked around by %s",
    (line) => {
      expect(step(line).path).toBe("/about");
    },
  );

  test("lets the request go on, with headers for the answer", () => {
    const found = step("/venues/two?x=1").resume(
      next([
        ["x-middleware-next", "1"],
        ["x-seen", "yes"],
        ["set-cookie", "a=1"],
        ["set-cookie", "b=2"],
        ["content-length", "0"],
      ]),
    );
    expect(brief(found)).toEqual({ kind: "prerender", key: "venues/[slug]", query: "x=1&nxtPslug=two" });
    expect(found).toMatchObject({
      headers: [
        ["x-frame-options", "DENY"],
        ["x-seen", "yes"],
      ],
      appendedHeaders: [
        ["set-cookie", "a=1"],
        ["set-cookie", "b=2"],
      ],
    });
  });

  test("rewrites to a path with its own query", () => {
    const rewrite = (to: string) => step("/a?old=1").resume(next([["x-middleware-rewrite", to]]));
    expect(brief(rewrite("http://shop.localhost:7080/venues/two?new=1"))).toEqual({
      kind: "prerender",
      key: "venues/[slug]",
      query: "new=1&nxtPslug=two",
    });
    expect(brief(rewrite("/about"))).toEqual({ kind: "prerender", key: "about" });
    expect(rewrite("https://other.example/x?y=1")).toMatchObject({
      kind: "proxy",
      url: "https://other.example/x?y=1",
    });
    expect(rewrite("http://shop.localhost:9999/x")).toMatchObject({
      kind: "proxy",
      url: "http://shop.localhost:9999/x",
    });
    expect(rewrite("javascript:alert(1)")).toMatchObject({ status: 500 });
  });

  test("replaces the request's headers, which later conditions see, but not those of the connection", () => {
    const headers = { host: "shop.localhost:7080", "x-old": "1", accept: "text/html" };
    const found = step("/about", headers).resume(
      next([
        ["x-middleware-next", "1"],
        ["x-middleware-override-headers", "rsc,accept,host"],
        ["x-middleware-request-rsc", "1"],
        ["x-middleware-request-accept", "text/html"],
        ["x-middleware-request-host", "evil.example"],
      ]),
    );
    expect(brief(found)).toEqual({ kind: "prerender", key: "about.rsc" });
    expect(found).toMatchObject({
      setRequestHeaders: [
        ["accept", "text/html"],
        ["rsc", "1"],
      ],
      deleteRequestHeaders: ["x-old"],
    });
  });

  test("answers itself, a redirect included", () => {
    const headers: [string, string][] = [
      ["location", "/login"],
      ["x-middleware-foo", "1"],
    ];
    expect(readMiddlewareAnswer(headers)).toEqual({
      kind: "respond",
      responseHeaders: [["location", "/login"]],
    });
  });
});

test("functions of an api folder, as vercel build routes them", () => {
  const routes: Route[] = [
    { handle: "filesystem" },
    { src: "^/api/users/([^/]+)$", dest: "/api/users/[id]?id=$1", check: true },
    { src: "^/api(/.*)?$", status: 404 },
    { handle: "error" },
    { status: 404, src: "^(?!/api).*$", dest: "/404.html" },
    { handle: "miss" },
    { src: "^/api/(.+)(?:\\.(?:js|ts))$", dest: "/api/$1", check: true },
  ];
  const functions = ["api/hello", "api/users/[id]", "api"];
  const router = compileRouter(exampleOutput({ routes, functions, files: ["index.html", "404.html"] }));
  const at = (line: string) => brief(router.resolve(exampleRequest(line)));
  expect(at("/api/hello")).toEqual({ kind: "function", key: "api/hello" });
  expect(at("/api/hello.js")).toEqual({ kind: "function", key: "api/hello" });
  expect(at("/api")).toEqual({ kind: "function", key: "api" });
  expect(at("/api/users/a%26b?id=9")).toEqual({ kind: "function", key: "api/users/[id]", query: "id=a%26b" });
  expect(at("/api/gone")).toEqual({ kind: "status", status: 404 });
  expect(at("/gone")).toEqual({ kind: "file", key: "404.html", status: 404 });
});

test("cleanUrls with trailingSlash", () => {
  const routes: Route[] = [
    { src: "^/(?:(.+)/)?index(?:\\.html)?/?$", headers: { Location: "/$1/" }, status: 308 },
    { src: "^/(.*)\\.html/?$", headers: { Location: "/$1/" }, status: 308 },
    { src: "^/\\.well-known(?:/.*)?$" },
    { src: "^/((?:[^/]+/)*[^/\\.]+)$", headers: { Location: "/$1/" }, status: 308 },
    { src: "^/((?:[^/]+/)*[^/]+\\.\\w+)/$", headers: { Location: "/$1" }, status: 308 },
    { handle: "filesystem" },
  ];
  const router = compileRouter(
    exampleOutput({ routes, files: ["index", "docs/page", "style.css", ".well-known/x"] }),
  );
  const at = (line: string) => {
    const found = router.resolve(exampleRequest(line));
    return found.kind === "redirect" ? found.location : "key" in found ? found.key : found.kind;
  };
  expect(at("/index.html")).toBe("/");
  expect(at("/docs/page.html?a=1")).toBe("/docs/page/?a=1");
  expect(at("/docs/page")).toBe("/docs/page/");
  expect(at("/docs/page/")).toBe("docs/page");
  expect(at("/style.css/")).toBe("/style.css");
  expect(at("/.well-known/x")).toBe(".well-known/x");
  expect(at("/")).toBe("index");
});

test("an i18n app strips and adds locales", () => {
  const routes: Route[] = [
    { src: "^/(?!(?:_next/.*|en|fr)(?:/.*|$))(.*)$", dest: "/en/$1", continue: true },
    { handle: "filesystem" },
    { handle: "miss" },
    { src: "/en", dest: "/", check: true },
    { src: "^//?(?:en|fr)/(.*)", dest: "/$1", check: true },
    { handle: "rewrite" },
    {
      src: "^[/]?(?<nextLocale>[^/]{1,})/blog/(?<slug>[^/]+?)(?:/)?$",
      dest: "/$nextLocale/blog/[slug]?slug=$slug",
      check: true,
    },
    { handle: "error" },
    { src: "/(?<nextLocale>en|fr)(/.*|$)", dest: "/$nextLocale/404", status: 404, caseSensitive: true },
    { src: "/.*", dest: "/en/404", status: 404 },
  ];
  const files = ["en/404", "fr/404", "robots.txt", "en/about", "index"];
  const router = compileRouter(exampleOutput({ routes, files, functions: ["blog/[slug]"] }));
  const at = (line: string) => brief(router.resolve(exampleRequest(line)));
  expect(at("/about")).toEqual({ kind: "file", key: "en/about" });
  expect(at("/robots.txt")).toEqual({ kind: "file", key: "robots.txt" });
  expect(at("/fr/robots.txt")).toEqual({ kind: "file", key: "robots.txt" });
  expect(at("/fr/blog/x")).toEqual({ kind: "function", key: "blog/[slug]", query: "slug=x" });
  expect(at("/fr/gone")).toEqual({ kind: "file", key: "fr/404", status: 404 });
  expect(at("/gone")).toEqual({ kind: "file", key: "en/404", status: 404 });
});

test("incremental rendering as SvelteKit and Astro route it: the path is a parameter", () => {
  const routes: Route[] = [
    { handle: "filesystem" },
    { src: "^/blog(/.*)?$", dest: "/fn-isr?__pathname=/blog$1" },
    { src: "/.*", dest: "/fn" },
  ];
  const router = compileRouter(exampleOutput({ routes, prerenders: ["fn-isr"], functions: ["fn"] }));
  expect(router.resolve(exampleRequest("/blog/a%20b"))).toMatchObject({
    kind: "prerender",
    key: "fn-isr",
    query: "__pathname=/blog%2Fa%20b",
    routeMatches: "1=%2Fa%2520b",
  });
  expect(brief(router.resolve(exampleRequest("/else")))).toEqual({ kind: "function", key: "fn" });
});
