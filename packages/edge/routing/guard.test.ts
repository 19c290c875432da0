import { describe, expect, test } from "bun:test";
import type { Condition, Route } from "@evenkeel/model";
import { placeIn, placeOf, resolveExample } from "./example-output.ts";

describe("conditions", () => {
  const reached = (
    conditions: { has?: Condition[]; missing?: Condition[] },
    line: string,
    headers?: Record<string, string>,
  ) =>
    placeIn({ routes: [{ src: "/a", dest: "/hit", ...conditions }], files: ["a", "hit"] }, line, headers) ===
    "file hit";

  test.each<[Condition, string, Record<string, string>, boolean]>([
    [{ type: "header", key: "X-Kind", value: "be?ta" }, "/a", { "x-kind": "beta" }, true],
    [{ type: "header", key: "x-kind", value: "bet" }, "/a", { "x-kind": "beta" }, false],
    [{ type: "header", key: "x-kind" }, "/a", { "x-kind": "anything" }, true],
    [{ type: "header", key: "x-kind" }, "/a", { "x-kind": "" }, false],
    [{ type: "header", key: "x-kind" }, "/a", {}, false],
    [{ type: "cookie", key: "auth", value: "yes|no" }, "/a", { cookie: 'x=1; auth="yes"; auth=late' }, true],
    [{ type: "cookie", key: "aut" }, "/a", { cookie: "auth=1" }, false],
    [{ type: "query", key: "page", value: "\\d+" }, "/a?page=x&page=%31", {}, true],
    [{ type: "query", key: "page" }, "/a?page=", {}, false],
    [{ type: "host", value: "shop\\.localhost" }, "/a", {}, true],
    [{ type: "host", value: "shop" }, "/a", {}, false],
    [{ type: "header", key: "n", value: { gte: 3, lt: 5 } }, "/a", { n: "4" }, true],
    [{ type: "header", key: "n", value: { gte: 3, lt: 5 } }, "/a", { n: "5" }, false],
    [{ type: "header", key: "n", value: { gt: 0 } }, "/a", { n: "four" }, false],
    [{ type: "header", key: "k", value: { pre: "ab", suf: "yz", neq: "abyz" } }, "/a", { k: "ab.yz" }, true],
    [{ type: "header", key: "k", value: { pre: "ab", suf: "yz", neq: "abyz" } }, "/a", { k: "abyz" }, false],
    [{ type: "query", key: "k", value: { inc: ["a", "b"] } }, "/a?k=b", {}, true],
    [{ type: "query", key: "k", value: { ninc: ["a", "b"] } }, "/a?k=b", {}, false],
    [{ type: "query", key: "k", value: { eq: 7 } }, "/a?k=7", {}, true],
    [{ type: "query", key: "k", value: { re: "[a-c]+" } }, "/a?k=abc", {}, true],
    [{ type: "header", key: "k", value: ".*" }, "/a", { k: "x".repeat(9_000) }, false],
  ])("%j on %s with %j: %p", (condition, line, headers, expected) => {
    expect(reached({ has: [condition] }, line, headers)).toBe(expected);
    expect(reached({ missing: [condition] }, line, headers)).toBe(!expected);
  });

  test("all of has and none of missing", () => {
    const has: Condition[] = [
      { type: "query", key: "x" },
      { type: "query", key: "y" },
    ];
    expect(reached({ has }, "/a?x=1&y=1")).toBe(true);
    expect(reached({ has }, "/a?x=1")).toBe(false);
    expect(reached({ missing: has }, "/a?x=1")).toBe(false);
  });

  test("what conditions capture fills destinations, escaped for its place", () => {
    const routes: Route[] = [
      {
        src: "/a",
        has: [
          { type: "header", key: "x-user-id" },
          { type: "cookie", key: "team", value: "(?<team>.+)" },
        ],
        dest: "/t/$team?id=$xuserid",
        headers: { "x-for": "$xuserid" },
      },
    ];
    const found = resolveExample({ routes, functions: ["t/blue"] }, "/a", {
      "x-user-id": "7&b=1",
      cookie: "team=blue",
    });
    expect(placeOf(found)).toBe("function t/blue?id=7%26b%3D1");
    expect(found.kind === "function" && found.headers).toEqual([["x-for", "7&b=1"]]);
  });

  test("a captured line break never reaches a header", () => {
    const routes: Route[] = [
      {
        src: "/a",
        has: [{ type: "query", key: "to" }],
        headers: { "x-to": "$to", location: "/go/$to" },
        status: 307,
      },
    ];
    expect(resolveExample({ routes }, "/a?to=x%0d%0aset-cookie:%20a=1")).toMatchObject({
      location: "/go/x%0D%0Aset-cookie%3A%20a%3D1?to=x%0d%0aset-cookie:%20a=1",
      headers: [["x-to", "xset-cookie: a=1"]],
    });
  });
});
