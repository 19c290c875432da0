import { afterEach, beforeEach, expect, test } from "bun:test";
import { type AppName, otlpPath, type ServedDeployment } from "@evenkeel/model";
import type { Span, SpanBatch } from "@evenkeel/model/link/span";
import { telemetryOwnerHeader, telemetryPaths } from "@evenkeel/model/link/telemetry-protocol";
import { TestWorld } from "../testing/test-world.ts";
import { until } from "../testing/until.ts";
import { beginTrace } from "./request-trace.ts";
import { TraceSampler } from "./trace-sampler.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const parentId = "b7ad6b7169203331";
const key = "k".repeat(43);

test("a valid traceparent is continued, everything else begins a trace", () => {
  const begin = (header?: string) => beginTrace(header, new TraceSampler());
  expect(begin(`00-${traceId}-${parentId}-01`)).toMatchObject({ traceId, parentId, isSampled: true });
  expect(begin(`00-${traceId}-${parentId}-00`)).toMatchObject({ traceId, parentId, isSampled: false });
  // Versions to come may add fields behind these.
  expect(begin(`cc-${traceId}-${parentId}-01-later`)).toMatchObject({ traceId, isSampled: true });
  for (const wrong of [
    ...[undefined, "", "x", `ff-${traceId}-${parentId}-01`, `00-${"0".repeat(32)}-${parentId}-01`],
    ...[
      `00-${traceId}-${"0".repeat(16)}-01`,
      `00-${traceId.toUpperCase()}-${parentId}-01`,
      `00-${traceId}-${parentId}-01x`,
    ],
  ]) {
    const { traceId: own, parentId: none } = begin(wrong);
    expect(own).toMatch(/^[0-9a-f]{32}$/);
    expect(own).not.toBe(traceId);
    expect(none).toBe("");
  }
});

test("a thousand requests at once give the rate's traces, and each its own id", () => {
  let nowMs = 0;
  const sampler = new TraceSampler(() => nowMs);
  const traces = Array.from({ length: 1_000 }, () => beginTrace(undefined, sampler));
  const sampled = traces.filter(({ isSampled }) => isSampled).length;
  expect(sampled).toBe(20);
  nowMs = 500;
  expect(Array.from({ length: 100 }, () => sampler.take()).filter(Boolean)).toHaveLength(5);
  expect(new Set(traces.map(({ traceId }) => traceId)).size).toBe(1_000);
});

/** The process of telemetry, as far as edges see it. */
class FakeTelemetry {
  readonly spans: Span[] = [];
  readonly requests: { path: string; owner: string | null; headers: Record<string, string>; body: string }[] =
    [];
  private server: ReturnType<typeof Bun.serve> | undefined;

  constructor(private readonly socketPath: string) {}

  start(): void {
    this.server = Bun.serve({
      unix: this.socketPath,
      fetch: async (request) => {
        const { pathname } = new URL(request.url);
        const body = await request.text();
        if (pathname === telemetryPaths.spans) {
          for (const { spans } of JSON.parse(body) as SpanBatch[]) this.spans.push(...spans);
          return new Response(null, { status: 204 });
        }
        const owner = request.headers.get(telemetryOwnerHeader);
        this.requests.push({ path: pathname, owner, headers: request.headers.toJSON(), body });
        return new Response("taken");
      },
    });
  }

  stop(): void {
    void this.server?.stop(true);
  }
}

let world: TestWorld;
let telemetry: FakeTelemetry;
let seen: (string | undefined)[];
beforeEach(async () => {
  world = new TestWorld();
  telemetry = new FakeTelemetry(world.layout.telemetrySocket);
  world.startEdge();
  seen = [];
  await world.deploy({
    id: "aaaaaaaaa",
    functions: {
      api: (request, response) => {
        seen.push(request.headers["traceparent"] as string | undefined);
        response.statusCode = request.url === "/api?fail" ? 503 : 200;
        response.end("done");
      },
    },
  });
});
afterEach(async () => {
  await world.stop();
  telemetry.stop();
});

const spanNamed = (name: string | RegExp) =>
  telemetry.spans.find((span) => (typeof name === "string" ? span.name === name : name.test(span.name)));

test("a request's spans say where its time went, and the app goes on with the trace", async () => {
  telemetry.start();
  const { headers } = await world.get("shop.localhost", "/api", {
    headers: { traceparent: `00-${traceId}-${parentId}-01`, tracestate: "vendor=1" },
  });
  await until(() => telemetry.spans.length >= 3);
  const root = spanNamed("GET /api")!;
  const call = spanNamed(/^call /)!;
  expect(root).toMatchObject({
    ...{ traceId, parentId, kind: "server", service: "edge", status: "unset" },
    attributes: { "http.response.status_code": 200, "evenkeel.request_id": headers["x-vercel-id"] },
  });
  expect(spanNamed("cold start")).toMatchObject({ parentId: root.spanId });
  expect(call).toMatchObject({ parentId: root.spanId, kind: "client" });
  expect(seen).toEqual([`00-${traceId}-${call.spanId}-01`]);
  expect(call.startMs).toBeGreaterThanOrEqual(root.startMs);
  expect(call.startMs + call.durationMs).toBeLessThanOrEqual(root.startMs + root.durationMs + 5);
}, 60_000);

test("a failure is kept though nobody asked for its trace; a success is not", async () => {
  telemetry.start();
  const traceparent = `00-${traceId}-${parentId}-00`;
  await world.get("shop.localhost", "/api", { headers: { traceparent } });
  await world.get("shop.localhost", "/api?fail", { headers: { traceparent } });
  await until(() => telemetry.spans.length > 0);
  expect(telemetry.spans.filter(({ kind }) => kind === "server")).toMatchObject([
    { traceId, status: "error", attributes: { "http.response.status_code": 503 } },
  ]);
  expect(seen.every((header) => header?.endsWith("-00"))).toBe(true);
}, 60_000);

test("spans wait while the process of telemetry is away", async () => {
  await world.get("shop.localhost", "/api");
  expect(seen[0]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  telemetry.start();
  await until(() => spanNamed("GET /api") !== undefined);
}, 60_000);

test("telemetry is taken with a deployment's key, at any host, and in its name alone", async () => {
  telemetry.start();
  const deployment: ServedDeployment = {
    ...{ id: "aaaaaaaaa" as never, app: "shop" as AppName, environment: "production" as const },
    ...{ output: "0".repeat(64) as never, host: "shop-aaaaaaaaa.localhost", createdAtMs: 0, maxInstances: 1 },
    telemetryKeyHash: new Bun.CryptoHasher("sha256").update(key).digest("hex"),
  };
  await world.change([{ put: "deployment", deployment }]);
  const send = (headers: Record<string, string>) =>
    world.get("127.0.0.1", `${otlpPath}/v1/traces`, { method: "POST", body: "spans", headers });
  for (const authorization of ["", "Bearer", `Bearer ${key}x`, key]) {
    expect((await send({ authorization })).status).toBe(401);
  }
  const forged = { [telemetryOwnerHeader]: "bank/production/bbbbbbbbb", "x-forwarded-for": "203.0.113.1" };
  expect(await send({ authorization: `Bearer ${key}`, ...forged })).toMatchObject({
    status: 200,
    text: "taken",
  });
  expect(telemetry.requests).toMatchObject([
    { path: "/otlp/v1/traces", owner: "shop/production/aaaaaaaaa", body: "spans" },
  ]);
  expect(telemetry.requests[0]!.headers["x-forwarded-for"]).toBe("127.0.0.1");
}, 60_000);

test("a page's beacons are its host's; other paths beside them are the app's", async () => {
  expect((await world.get("shop.localhost", "/_vercel/insights/script.js")).status).toBe(503);
  telemetry.start();
  const beacon = { method: "POST", body: "{}", headers: { [telemetryOwnerHeader]: "bank/production/b" } };
  for (const path of ["insights/view", "insights/event", "speed-insights/vitals"]) {
    expect((await world.get("shop.localhost", `/_vercel/${path}`, beacon)).status).toBe(200);
  }
  expect(telemetry.requests.map(({ path, owner }) => [path, owner])).toEqual([
    ["/beacons/insights/view", "shop/production/aaaaaaaaa"],
    ["/beacons/insights/event", "shop/production/aaaaaaaaa"],
    ["/beacons/speed-insights/vitals", "shop/production/aaaaaaaaa"],
  ]);
  expect(telemetry.requests[0]!.headers["x-forwarded-host"]).toBe("shop.localhost");
  expect((await world.get("shop.localhost", "/_vercel/insights/other")).status).toBe(404);
  expect((await world.get("nobody.localhost", "/_vercel/insights/view", beacon)).status).toBe(404);
  expect(telemetry.requests).toHaveLength(3);
}, 60_000);
