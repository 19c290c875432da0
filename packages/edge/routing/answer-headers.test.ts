import { describe, expect, test } from "bun:test";
import type { Route } from "@evenkeel/model";
import { answerHeaders } from "./answer-headers.ts";
import { compileRouter } from "./compile-router.ts";
import { exampleOutput, exampleRequest, resolveExample } from "./example-output.ts";

describe("headers", () => {
  const headersOf = (routes: Route[]) => {
    const found = resolveExample({ routes, files: ["a"] }, "/a");
    if (found.kind !== "file") throw new Error(`not a file: ${found.kind}`);
    return {
      plain: Object.fromEntries(found.headers),
      important: Object.fromEntries(found.importantHeaders),
    };
  };
  const on = (value: string, more: Partial<Route> = {}): Route => ({
    src: "/a",
    headers: { "X-A": value },
    continue: true,
    ...more,
  });

  test("a later route overrides an earlier one", () => {
    expect(headersOf([on("1"), on("2")]).plain).toEqual({ "x-a": "2" });
  });
  test("the hit phase overrides nothing", () => {
    expect(headersOf([on("1"), { handle: "hit" }, on("2"), on("3", { important: true })])).toEqual({
      plain: {},
      important: { "x-a": "3" },
    });
    expect(headersOf([on("1"), { handle: "hit" }, on("2")]).plain).toEqual({ "x-a": "1" });
    expect(headersOf([{ handle: "hit" }, on("2"), on("3")]).plain).toEqual({ "x-a": "2" });
  });
  test("unless it says override", () => {
    expect(headersOf([on("1"), { handle: "hit" }, on("2", { override: true })]).plain).toEqual({
      "x-a": "2",
    });
  });
  test("a hit route that does not continue is no hit route", () => {
    expect(headersOf([{ handle: "hit" }, on("2", { continue: false })]).plain).toEqual({});
  });
});

describe("transforms", () => {
  const routes: Route[] = [
    {
      src: "^/a/(?<id>[^/]+)$",
      dest: "/fn",
      transforms: [
        { type: "request.headers", op: "set", target: { key: "X-Id" }, args: "id $id" },
        { type: "request.headers", op: "append", target: { key: "x-list" }, args: ["b", "c"] },
        { type: "request.headers", op: "delete", target: { key: { pre: "x-drop-" } } },
        { type: "request.headers", op: "delete", target: { key: "host" } },
        { type: "request.query", op: "set", target: { key: "v" }, args: "1 & $id" },
        { type: "request.query", op: "delete", target: { key: { inc: ["gone"] } } },
        { type: "response.headers", op: "set", target: { key: "X-Out" }, args: "$TOKEN", env: ["TOKEN"] },
        { type: "response.headers", op: "append", target: { key: "x-more" }, args: "1" },
        { type: "response.headers", op: "delete", target: { key: "server" } },
        { type: "response.headers", op: "delete", target: { key: { suf: "-debug" } } },
      ],
    },
  ];
  test("change the request and the answer", () => {
    const environment = (name: string) => (name === "TOKEN" ? "s$id" : undefined);
    const router = compileRouter(exampleOutput({ routes, functions: ["fn"] }), { environment });
    const headers = { host: "h", "x-list": "a", "x-drop-1": "1", keep: "1" };
    const found = router.resolve(exampleRequest("/a/7?v=0&gone=1&w=2", headers));
    expect(found).toMatchObject({
      kind: "function",
      query: "w=2&v=1%20%26%207",
      setRequestHeaders: [
        ["x-id", "id 7"],
        ["x-list", "a, b, c"],
      ],
      deleteRequestHeaders: ["x-drop-1"],
      importantHeaders: [["x-out", "s$id"]],
      appendedHeaders: [["x-more", "1"]],
      deletedHeaders: ["server"],
    });
    const headerTests = (found.kind === "function" && found.headerTests) || [];
    expect(headerTests.map((each) => each.matches("x-debug"))).toEqual([true]);
  });
});

describe("a path for the function", () => {
  const seenAt = (args: string, target: string) => {
    const routes: Route[] = [
      { handle: "filesystem" },
      { src: "/(.*)", dest: "/", transforms: [{ type: "request.path", op: "set", args }] },
    ];
    const found = resolveExample({ routes, functions: ["index"] }, target);
    if (found.kind !== "function") throw new Error(`not a function: ${found.kind}`);
    return { matched: found.matchedPath, path: found.requestPath, query: found.query };
  };
  test("takes the place of the client's, and its query stays", () => {
    expect(seenAt("/v1/$1", "/users/a%20b?x=1")).toEqual({
      matched: "/",
      path: "/v1/users/a%20b",
      query: "x=1",
    });
  });
  test("that is the client's own leaves its very bytes", () => {
    expect(seenAt("/$1", "/users/%61?x=1").path).toBeUndefined();
    expect(seenAt("/$1", "/users/a").path).toBeUndefined();
  });
});

describe("an answer's headers", () => {
  const routed = {
    headers: [
      ["cache-control", "routed"],
      ["x-new", "1"],
    ] as const,
    importantHeaders: [["x-own", "important"]] as const,
    appendedHeaders: [["set-cookie", "b=2"]] as const,
    deletedHeaders: ["server"],
    headerTests: [
      { matches: (name: string) => name.startsWith("x-debug"), op: "delete" as const, values: [] },
      { matches: (name: string) => name === "x-list", op: "append" as const, values: ["2"] },
    ],
  };
  const own: [string, string][] = [
    ["cache-control", "own"],
    ["x-own", "1"],
    ["set-cookie", "a=1"],
    ["server", "x"],
    ["x-debug-a", "1"],
    ["x-list", "1"],
  ];
  const common = [
    ["set-cookie", "a=1"],
    ["x-list", "1"],
    ["x-new", "1"],
    ["x-own", "important"],
    ["set-cookie", "b=2"],
    ["x-list", "2"],
  ];

  test("a function's own win over plain ones of routes, a file's do not", () => {
    const sorted = (pairs: readonly (readonly string[])[]) => pairs.map((pair) => pair.join(": ")).sort();
    expect(sorted(answerHeaders(own, routed, true))).toEqual(sorted([...common, ["cache-control", "own"]]));
    expect(sorted(answerHeaders(own, routed, false))).toEqual(
      sorted([...common, ["cache-control", "routed"]]),
    );
  });
});
