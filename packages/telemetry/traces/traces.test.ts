import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Span } from "@evenkeel/model/link/span";
import { assembleTrace, type TraceNode } from "./assemble-trace.ts";
import { TraceStore, type TraceStoreOptions } from "./trace-store.ts";

const shop = { app: "shop", environment: "production" } as const;
const traceId = "0af7651916cd43dd8448eb211c80319c";
const beginMs = Date.UTC(2030, 0, 1);

const span = (
  spanId: string,
  parentId: string,
  startMs: number,
  durationMs: number,
  more: Partial<Span> = {},
): Span => ({
  ...{
    traceId,
    spanId,
    parentId,
    name: spanId,
    kind: "internal",
    service: "shop",
    status: "unset",
    attributes: {},
  },
  ...{ startMs: beginMs + startMs, durationMs },
  ...more,
});

const outline = (nodes: TraceNode[]): unknown[] =>
  nodes.map(({ span, offsetMs, children }) => [span.spanId, offsetMs, ...outline(children)]);

test("spans stand below their parents in the order of their begin, whatever order they came in", () => {
  const { roots, durationMs, errorCount } = assembleTrace(traceId, [
    span("query", "handler", 30, 10, { status: "error" }),
    span("render", "handler", 45, 5),
    span("handler", "edge", 10, 80),
    span("edge", "", 0, 100),
    span("edge", "", 0, 100),
  ]);
  expect(outline(roots)).toEqual([["edge", 0, ["handler", 10, ["query", 30], ["render", 45]]]]);
  expect([durationMs, errorCount]).toEqual([100, 1]);
});

test("a missing parent, a circle and a span that is its own parent lose nobody", () => {
  const trace = assembleTrace(traceId, [
    span("lonely", "gone", 5, 1),
    span("one", "two", 1, 1),
    span("two", "one", 2, 1),
    span("self", "self", 3, 1),
  ]);
  expect(trace.spanCount).toBe(4);
  const ids = JSON.stringify(outline(trace.roots));
  for (const id of ["lonely", "one", "two", "self"]) expect(ids).toContain(`"${id}"`);
  expect(trace.roots.every(({ orphan }) => orphan)).toBe(true);
});

test("a span by a clock that is hours off is shown inside its parent, with all below it", () => {
  const hours = 3 * 3_600_000;
  const { roots, durationMs } = assembleTrace(traceId, [
    span("edge", "", 0, 100, { service: "edge" }),
    span("app", "edge", hours, 60),
    span("query", "app", hours + 10, 20),
    span("after", "edge", 95, 500, { service: "worker" }),
  ]);
  expect(outline(roots)).toEqual([["edge", 0, ["app", 20, ["query", 30]], ["after", 95]]]);
  expect(roots[0]!.children[0]!.skewMs).toBe(20 - hours);
  expect(durationMs).toBe(595);
});

test("a chain of ten thousand spans is no deeper than the stack", () => {
  const chain = Array.from({ length: 10_000 }, (_, at) =>
    span(`s${at}`, at === 0 ? "" : `s${at - 1}`, at, 1),
  );
  expect(assembleTrace(traceId, chain).spanCount).toBe(10_000);
}, 60_000);

let folder: string;
let store: TraceStore | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "traces-"));
});
afterEach(() => {
  store?.close();
  store = undefined;
  rmSync(folder, { recursive: true });
});
const open = (options: Partial<TraceStoreOptions> = {}) => {
  store?.close();
  store = new TraceStore({ path: join(folder, "traces.sqlite"), ...options });
  return store;
};

test("a trace is found by its id and by its request's, its spans from several senders joined, after a restart too", () => {
  open().add(shop, undefined, [span("query", "edge", 10, 10, { status: "error" })]);
  open().add(shop, "dep1", [
    span("edge", "", 0, 100, { name: "GET /", attributes: { "evenkeel.request_id": "ek1::r-1" } }),
  ]);
  store!.add(shop, "dep1", [span("query", "edge", 10, 10, { status: "error" })]);
  expect(store!.find("ek1::r-1")).toEqual(store!.find(traceId)!);
  expect(store!.find(traceId)).toMatchObject({ ...shop, deployment: "dep1" });
  expect(store!.find(traceId)!.spans.map(({ spanId }) => spanId)).toEqual(["edge", "query"]);
  expect(store!.list({ ...shop, limit: 10 })).toEqual([
    {
      ...{ traceId, deployment: "dep1", name: "GET /", startMs: beginMs, durationMs: 100 },
      spanCount: 2,
      errorCount: 1,
    },
  ]);
  expect(store!.find("f".repeat(32))).toBeUndefined();
});

test("slow ones and those with errors can be asked for, and another app's are never among them", () => {
  const store = open();
  for (const [at, id] of ["a", "b", "c"].entries()) {
    store.add(shop, undefined, [
      span("root", "", at, at * 100, { traceId: id.repeat(32), status: at === 1 ? "error" : "unset" }),
    ]);
  }
  store.add({ ...shop, app: "blog" }, undefined, [span("root", "", 0, 900, { traceId: "d".repeat(32) })]);
  const ids = (query: object) =>
    store.list({ ...shop, limit: 10, ...query }).map(({ traceId }) => traceId[0]);
  expect(ids({})).toEqual(["c", "b", "a"]);
  expect(ids({ minDurationMs: 100 })).toEqual(["c", "b"]);
  expect(ids({ errors: true })).toEqual(["b"]);
  expect(ids({ sinceMs: beginMs + 2 })).toEqual(["c"]);
});

test("an app environment over its budget loses its oldest traces, others none of theirs", () => {
  const store = open({ budgetBytes: 100_000, spanLimit: 3 });
  const id = (at: number) => at.toString(16).padStart(32, "0");
  store.add({ ...shop, app: "blog" }, undefined, [span("root", "", 0, 1)]);
  for (let at = 1; at <= 1_000; at++) {
    store.add(shop, undefined, [
      span("root", "", at, 1, { traceId: id(at), attributes: { padding: "x".repeat(500) } }),
    ]);
  }
  const kept = store.list({ ...shop, limit: 2_000 });
  expect(kept[0]!.traceId).toBe(id(1_000));
  expect(kept.length).toBeLessThan(150);
  expect(kept.length).toBeGreaterThan(40);
  expect(store.find(traceId)).toBeDefined();
  const flood = Array.from({ length: 10 }, (_, at) => span(`s${at}`, "root", 0, 1, { traceId: id(1_000) }));
  expect([...store.add(shop, undefined, flood)]).toEqual([["their trace has 3 spans", 8]]);
}, 60_000);

test("traces end with their retention", () => {
  const store = open({ retentionMs: 1_000 });
  store.add(shop, undefined, [span("root", "", 0, 1)]);
  store.sweep(beginMs + 900);
  expect(store.find(traceId)).toBeDefined();
  store.sweep(beginMs + 1_002);
  expect(store.find(traceId)).toBeUndefined();
});

test("a damaged file is moved aside and a new one begun", () => {
  open().close();
  store = undefined;
  writeFileSync(
    join(folder, "traces.sqlite"),
    "not a database at all, but long enough to be taken for one".repeat(100),
  );
  expect(open().list({ ...shop, limit: 1 })).toEqual([]);
});
