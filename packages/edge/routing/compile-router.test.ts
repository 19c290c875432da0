import { describe, expect, test } from "bun:test";
import type { Route } from "@evenkeel/model";
import { InvalidRouteError } from "../errors.ts";
import { compileRouter } from "./compile-router.ts";
import {
  type ExampleParts,
  exampleOutput,
  exampleRequest,
  placeIn,
  placeOf,
  resolveExample,
} from "./example-output.ts";

describe("look-ups", () => {
  const site: ExampleParts = {
    files: ["index.html", "about", "docs/index.html", "a b.txt", "50%.txt", "a/secret.txt", "both"],
    functions: ["api/hello", "both", "server/index.js"],
    prerenders: ["blog/one"],
  };
  test.each([
    ["/", "file index.html"],
    ["/index.html", "file index.html"],
    ["/about", "file about"],
    ["/about/", "file about"],
    ["/docs", "file docs/index.html"],
    ["/docs/", "file docs/index.html"],
    ["/a%20b.txt", "file a b.txt"],
    ["/50%25.txt", "file 50%.txt"],
    ["/50%.txt", "file 50%.txt"],
    ["/%61bout", "file about"],
    ["/x/../about", "file about"],
    ["/x/%2e%2E/about", "file about"],
    ["/a%2Fsecret.txt", "404 NOT_FOUND"],
    ["/a%5csecret.txt", "404 NOT_FOUND"],
    ["/../../etc/passwd", "404 NOT_FOUND"],
    ["/constructor", "404 NOT_FOUND"],
    ["/__proto__", "404 NOT_FOUND"],
    ["/api/hello?x=%2F", "function api/hello?x=%2F"],
    ["/both", "file both"],
    ["/server", "function server/index.js"],
    ["/blog/one", "prerender blog/one"],
    ["/ABOUT", "404 NOT_FOUND"],
    [`/${"x".repeat(9_000)}`, "414 URL_TOO_LONG"],
  ])("%s", (line, expected) => expect(placeIn(site, line)).toBe(expected));

  test("/ reaches a function that a builder named index.js", () => {
    expect(placeIn({ functions: ["index.js"] }, "/")).toBe("function index.js");
  });

  test("/ reaches the page, not its RSC form, whatever their order", () => {
    expect(placeIn({ prerenders: ["index.rsc", "index"] }, "/")).toBe("prerender index");
  });
});

describe("an app with web processes", () => {
  const both: ExampleParts = {
    files: ["index.html", "404.html"],
    functions: ["api/hello"],
    processes: { web: "node server.js" },
    routes: [
      { src: "/old", status: 308, headers: { Location: "/new" } },
      { handle: "filesystem" },
      { src: "/app/.*", dest: "/index.html" },
      { src: "/(.*)", headers: { "x-passed": "$1" }, continue: true },
      { handle: "error" },
      { src: "/.*", status: 404, dest: "/404.html" },
    ],
  };
  test.each([
    ["/", "file index.html"],
    ["/api/hello", "function api/hello"],
    ["/app/deep", "file index.html"],
    ["/old", "308 /new"],
    ["/api/other?x=1", "web"],
    ["/nowhere", "web"],
  ])("%s", (line, expected) => expect(placeIn(both, line)).toBe(expected));

  test("what goes to web has the client's query and the headers of routes", () => {
    expect(resolveExample(both, "/a?x=%2F&y")).toMatchObject({
      ...{ kind: "web", query: "x=%2F&y", headers: [["x-passed", "a"]] },
    });
  });

  test("without a web process, other types change nothing", () => {
    expect(placeIn({ processes: { worker: "node w.js" } }, "/")).toBe("404 NOT_FOUND");
  });
});

describe("routes of the documentation and of Vercel's own conversions", () => {
  test.each<[string, Route[], string, string]>([
    [
      "redirect",
      [{ src: "/redirect", headers: { Location: "https://example.com/" }, status: 308 }],
      "/redirect",
      "308 https://example.com/",
    ],
    ["redirect with dest", [{ src: "/old", dest: "/new", status: 301 }], "/old", "301 /new"],
    [
      "redirect although continue",
      [{ src: "^/(.*)/$", headers: { Location: "/$1" }, status: 308, continue: true }],
      "/file/",
      "308 /file",
    ],
    [
      "redirect keeps the query",
      [{ src: "/old", headers: { Location: "/new?a=1#top" }, status: 307 }],
      "/old?b=2&a=9",
      "307 /new?b=2&a=1#top",
    ],
    [
      "redirect stays on this host",
      [{ src: "^/(.*)/$", headers: { Location: "/$1" }, status: 308 }],
      "//evil.example/",
      "308 /evil.example",
    ],
    [
      "backslash is no way to another host",
      [{ src: "^/(.*)/$", headers: { Location: "/$1" }, status: 308 }],
      "/\\evil.example/",
      "308 /evil.example",
    ],
    ["rewrite", [{ src: "/home", dest: "/file" }], "/home", "file file"],
    [
      "named group",
      [{ src: "^/u/(?<id>[^/]+)$", dest: "/fn?user=$id" }],
      "/u/7?user=8&x=1",
      "function fn?x=1&user=7",
    ],
    [
      "group without braces before a digit",
      [{ src: "^/(a)(b)?$", dest: "/fn?p=$12" }],
      "/a",
      "function fn?p=a2",
    ],
    ["unmatched group", [{ src: "^/(a)(b)?$", dest: "/fn?p=$2" }], "/a", "function fn?p="],
    ["whole match", [{ src: "/a/.*", dest: "/fn?p=$0" }], "/a/b", "function fn?p=%2Fa%2Fb"],
    [
      "captured separators stay in their value",
      [{ src: "/u/(.*)", dest: "/fn?id=$1" }],
      "/u/1&admin=1+x%20y",
      "function fn?id=1%26admin%3D1%2Bx%20y",
    ],
    ["anchored at its end", [{ src: "/ho", dest: "/file" }], "/home", "404 NOT_FOUND"],
    ["anchored at its beginning", [{ src: "ome", dest: "/file" }], "/home", "404 NOT_FOUND"],
    ["case does not matter", [{ src: "/HOME", dest: "/file" }], "/home", "file file"],
    [
      "case matters where asked",
      [{ src: "/HOME", dest: "/file", caseSensitive: true }],
      "/home",
      "404 NOT_FOUND",
    ],
    ["methods", [{ src: "/home", methods: ["POST"], dest: "/file" }], "POST /home", "file file"],
    ["other methods", [{ src: "/home", methods: ["POST"], dest: "/file" }], "GET /home", "404 NOT_FOUND"],
    ["status alone ends routing", [{ src: "/file", status: 403 }], "/file", "403"],
    ["status with a destination", [{ src: "/x", dest: "/file", status: 410 }], "/x", "file file 410"],
    [
      "status with a destination that is missing",
      [{ src: "/x", dest: "/nothing", status: 410 }],
      "/x",
      "410",
    ],
    ["status and continue", [{ src: "/file", status: 404, continue: true }], "/file", "file file 404"],
    [
      "other host",
      [{ src: "/p/(.*)", dest: "https://api.example.com/v1/$1?k=1" }],
      "/p/a%20b?q=2",
      "proxy https://api.example.com/v1/a%20b?q=2&k=1",
    ],
    [
      "own host by its full name",
      [{ src: "/p/(.*)", dest: "https://shop.localhost:7080/$1" }],
      "/p/file",
      "file file",
    ],
    ["PCRE group names", [{ src: "^/u/(?P<id>\\d+)$", dest: "/fn?id=$id" }], "/u/7", "function fn?id=7"],
    ["letters beyond ASCII in src", [{ src: "/über", dest: "/file" }], "/%c3%bcber", "file file"],
    [
      "a route that only stops its phase",
      [{ src: "/file" }, { src: "/.*", dest: "/fn" }],
      "/file",
      "file file",
    ],
    ["denied", [{ src: "/file", mitigate: { action: "deny" } }], "/file", "403 FORBIDDEN"],
    [
      "filesystem before its routes",
      [{ handle: "filesystem" }, { src: "/.*", dest: "/fn" }],
      "/file",
      "file file",
    ],
    ["and after", [{ handle: "filesystem" }, { src: "/.*", dest: "/fn" }], "/spa/deep", "function fn"],
    [
      "rewrites without an explicit check",
      [{ handle: "rewrite" }, { src: "/(.*)", dest: "/fn?p=$1" }],
      "/deep",
      "function fn?p=deep",
    ],
    [
      "check goes through rewrites",
      [
        { src: "/a/(.*)", dest: "/b/$1?x=1", check: true },
        { handle: "rewrite" },
        { src: "/b/(.*)", dest: "/fn?s=$1" },
      ],
      "/a/z",
      "function fn?x=1&s=z",
    ],
    [
      "check that leads nowhere goes on from its destination",
      [
        { src: "/a", dest: "/b", check: true },
        { src: "/b", dest: "/file" },
      ],
      "/a",
      "file file",
    ],
    [
      "a failed miss restores the path",
      [
        { handle: "filesystem" },
        { src: "/a", dest: "/file" },
        { handle: "miss" },
        { src: "/a", dest: "/gone", check: true },
      ],
      "/a",
      "file file",
    ],
    [
      "miss comes before the next phase",
      [
        { handle: "filesystem" },
        { src: "/a", dest: "/fn" },
        { handle: "miss" },
        { src: "/a", dest: "/file", check: true },
      ],
      "/a",
      "file file",
    ],
    ["resource", [{ handle: "resource" }, { src: "/.*", dest: "/fn", check: true }], "/a", "function fn"],
    [
      "error page",
      [
        { handle: "error" },
        { src: "/.*", dest: "/other", status: 500 },
        { src: "/.*", dest: "/file", status: 404 },
      ],
      "/a",
      "file file 404",
    ],
    [
      "error page that is missing",
      [{ handle: "error" }, { src: "/.*", dest: "/gone", status: 404 }],
      "/a",
      "404 NOT_FOUND",
    ],
    [
      "error page for any status",
      [{ handle: "error" }, { src: "/.*", dest: "/file" }],
      "/a",
      "file file 404",
    ],
    ["dest without a slash", [{ src: "/x", dest: "file" }], "/x", "file file"],
  ])("%s", (_title, routes, line, expected) => {
    expect(placeIn({ routes, files: ["file", "other"], functions: ["fn"] }, line)).toBe(expected);
  });

  test("a permanent redirect carries refresh", () => {
    const routes = [{ src: "/a", headers: { Location: "/b", "X-Why": "moved" }, status: 308 }];
    expect(resolveExample({ routes }, "/a?q=1")).toMatchObject({
      location: "/b?q=1",
      headers: [
        ["x-why", "moved"],
        ["refresh", "0;url=/b?q=1"],
      ],
    });
  });
});

describe("locale", () => {
  const routes: Route[] = [
    {
      src: "/",
      locale: { redirect: { en: "/", fr: "/fr", "pt-BR": "/br" }, cookie: "NEXT_LOCALE" },
      continue: true,
    },
  ];
  test.each([
    ["en-US,en;q=0.9", undefined, "file index.html"],
    ["fr-CH, fr;q=0.9, en;q=0.8", undefined, "307 /fr"],
    ["en;q=0.2, pt-br", undefined, "307 /br"],
    ["de, *;q=0.5", undefined, "file index.html"],
    ["fr;q=0", undefined, "file index.html"],
    ["en", "fr", "307 /fr"],
    ["fr", "xx", "307 /fr"],
  ])("accept-language %p, cookie %p", (accepted, cookie, expected) => {
    const headers = { "accept-language": accepted, ...(cookie && { cookie: `NEXT_LOCALE=${cookie}` }) };
    expect(placeIn({ routes, files: ["index.html"] }, "/", headers)).toBe(expected);
  });
});

test("wildcard is filled in by host", () => {
  const parts: ExampleParts = {
    routes: [{ src: "^/(?!fr|en)(.*)$", dest: "$wildcard/$1", continue: true }],
    files: ["fr/a", "en/a"],
    wildcard: [
      { domain: "example.fr", value: "/fr" },
      { domain: "example.com", value: "/en" },
    ],
  };
  const router = compileRouter(exampleOutput(parts));
  expect(placeOf(router.resolve(exampleRequest("/a", { host: "example.fr" })))).toBe("file fr/a");
  expect(placeOf(router.resolve(exampleRequest("/a", { host: "example.com" })))).toBe("file en/a");
  expect(placeOf(router.resolve(exampleRequest("/a", { host: "else.where" })))).toBe("404 NOT_FOUND");
});

test("images go to the optimiser only where the output has images", () => {
  const images = { sizes: [640], domains: [] };
  expect(placeIn({ images }, "/_next/image?url=%2Fa.png&w=640&q=75")).toBe("image url=%2Fa.png&w=640&q=75");
  expect(placeIn({ images }, "/_vercel/image?url=x")).toBe("image url=x");
  expect(placeIn({}, "/_vercel/image?url=x")).toBe("404 NOT_FOUND");
});

describe("a route that cannot be compiled is named with its remedy", () => {
  test.each<[string, Route[]]>([
    ["is no regular expression", [{ handle: "filesystem" }, { src: "/(" }]],
    [
      "is no regular expression",
      [{ src: "/" }, { src: "/", has: [{ type: "header", key: "a", value: "(?>x)" }] }],
    ],
    ["no function of this output", [{ src: "/" }, { src: "/", middlewarePath: "middleware" }]],
    ["cannot run in the phase hit", [{ handle: "hit" }, { src: "/", middlewarePath: "fn" }]],
    ["no phase", [{ src: "/" }, { handle: "filesytem" as "filesystem" }]],
  ])("%s", (problem, routes) => {
    const compile = () => compileRouter(exampleOutput({ routes, functions: ["fn"] }));
    expect(compile).toThrow(InvalidRouteError);
    expect(compile).toThrow(
      expect.objectContaining({
        index: 1,
        code: "route_invalid",
        hint: expect.any(String),
        message: expect.stringContaining(problem),
      }),
    );
  });
});

describe("what a router remembers of a path", () => {
  test("never mixes up what conditions, methods and queries tell apart", () => {
    const routes: Route[] = [
      { src: "/(.*)", has: [{ type: "header", key: "rsc", value: "1" }], dest: "/$1.rsc", continue: true },
      { src: "/(.*)", methods: ["POST"], dest: "/post", continue: true },
      { src: "/(.*)", has: [{ type: "query", key: "as" }], dest: "/as-$as", continue: true },
    ];
    const parts: ExampleParts = { routes, functions: ["a", "a.rsc", "post", "as-x", "as-y"] };
    const router = compileRouter(exampleOutput(parts));
    const ways: [string, Record<string, string>, string][] = [
      ["/a", {}, "function a"],
      ["/a", { rsc: "1" }, "function a.rsc"],
      ["POST /a", {}, "function post"],
      ["/a?as=x", {}, "function as-x?as=x"],
      ["/a?as=y", {}, "function as-y?as=y"],
      ["/a?b=1", {}, "function a?b=1"],
      ["/nothing", {}, "404 NOT_FOUND"],
    ];
    for (let round = 0; round < 3; round++) {
      for (const [line, headers, expected] of ways) {
        expect(placeOf(router.resolve(exampleRequest(line, headers)))).toBe(expected);
      }
    }
  });

  test("stays right beyond its bounds", () => {
    const routes: Route[] = [{ src: "/u/(\\d+)", dest: "/fn?id=$1" }];
    const router = compileRouter(exampleOutput({ routes, functions: ["fn"] }));
    for (let id = 0; id < 10_000; id++) {
      expect(placeOf(router.resolve(exampleRequest(`/u/${id % 6_000}`)))).toBe(
        `function fn?id=${id % 6_000}`,
      );
    }
  });
});
