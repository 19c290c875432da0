import { expect, test } from "bun:test";
import { readRequestOrigin, requestOriginHeader, type ServedDeployment } from "@evenkeel/model";
import type { Exchange } from "../http/exchange.ts";
import {
  droppedHeaders,
  effectiveHeader,
  functionHeaders,
  functionLines,
  untrustedHeaders,
} from "./request-headers.ts";

const deployment = { host: "shop-abcdefghi.localhost" } as ServedDeployment;
const exchange = (headers: Record<string, string>) =>
  ({
    hostPort: "shop.localhost:7080",
    scheme: "http",
    remoteAddress: "203.0.113.7",
    header: (name: string) => headers[name],
  }) as Exchange;
const target = { matchedPath: "/api/[id]", maxDurationS: 10 };

test("a function learns who asks, what for and how long it may take", () => {
  const headers = new Map(
    functionHeaders(exchange({}), "ek1::id", deployment, target, { query: "id=1", parameters: "id=1" }),
  );
  expect(Object.fromEntries(headers)).toEqual({
    "x-vercel-id": "ek1::id",
    "x-invocation-id": expect.any(String),
    "x-forwarded-for": "203.0.113.7",
    "x-forwarded-host": "shop.localhost:7080",
    "x-forwarded-proto": "http",
    "x-forwarded-port": "7080",
    "x-real-ip": "203.0.113.7",
    "x-vercel-forwarded-for": "203.0.113.7",
    "x-vercel-deployment-url": "shop-abcdefghi.localhost:7080",
    "x-matched-path": "/api/[id]",
    "x-evenkeel-deadline-ms": "10000",
    "x-evenkeel-params": "id=1",
  });
});

test("nobody can speak for the edge: neither the client nor middleware that repeats its headers", () => {
  for (const name of [
    "x-evenkeel-fault",
    "x-forwarded-for",
    "x-middleware-subrequest",
    "x-vercel-id",
    "x-invocation-id",
  ]) {
    expect(untrustedHeaders.has(name)).toBe(true);
  }
  const pairs = functionHeaders(exchange({}), "ek1::id", deployment, target, {
    query: "",
    parameters: "",
    setRequestHeaders: [
      ["x-forwarded-for", "6.6.6.6"],
      ["x-user", "ann"],
    ],
  });
  expect(pairs.filter(([name]) => name === "x-forwarded-for")).toEqual([["x-forwarded-for", "203.0.113.7"]]);
  expect(pairs).toContainEqual(["x-user", "ann"]);
});

test("the short lines say the same, and nothing of a client can stand beside them", () => {
  const forwarded = { query: "", parameters: "id=1" };
  for (const matchedPath of ["/api/[id]", "/two words", "/über", ""]) {
    const about = { ...target, matchedPath };
    const long = functionHeaders(exchange({}), "ek1::id", deployment, about, forwarded);
    const short = functionLines(exchange({}), "ek1::id", deployment, about, forwarded)
      .split("\r\n")
      .filter((line) => line !== "")
      .map((line) => line.split(/: (.*)/s, 2) as [string, string]);
    expect([...short, ...long].filter(([name]) => !untrustedHeaders.has(name))).toEqual([]);
    const [[name, origin], ...rest] = short as [[string, string], ...[string, string][]];
    expect(name).toBe(requestOriginHeader);
    const seen = Object.entries({ ...readRequestOrigin(origin), ...Object.fromEntries(rest) });
    const id = "x-invocation-id";
    expect(seen.filter(([name]) => name !== id)).toEqual(
      long.filter(([name]) => name !== id).map(([name, value]) => [name, value]),
    );
  }
});

test("headers are seen as routes and middleware left them", () => {
  const forwarded = {
    query: "",
    parameters: "",
    setRequestHeaders: [["x-set", "new"] as const],
    deleteRequestHeaders: ["x-gone"],
  };
  const request = exchange({ "x-set": "old", "x-gone": "1", "x-kept": "1", "x-matched-path": "/spoof" });
  expect(effectiveHeader(request, forwarded, "x-set")).toBe("new");
  expect(effectiveHeader(request, forwarded, "x-gone")).toBeUndefined();
  expect(effectiveHeader(request, forwarded, "x-kept")).toBe("1");
  expect(effectiveHeader(request, forwarded, "x-matched-path")).toBeUndefined();
  expect(droppedHeaders(forwarded).has("x-gone")).toBe(true);
  expect(droppedHeaders(forwarded).has("x-forwarded-for")).toBe(true);
});
