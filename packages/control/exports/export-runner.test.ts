import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appLogFolder, searchLogs } from "@evenkeel/logs";
import { AppLogWriter } from "@evenkeel/logs/store/app-log-writer";
import { type AppName, Histogram, homeLayout, platformScope } from "@evenkeel/model";
import type { Span } from "@evenkeel/model/link/span";
import type { FoundTrace } from "@evenkeel/model/link/telemetry-protocol";
import { SignalsClient } from "@evenkeel/signals/client/signals-client";
import { SignalsServer } from "@evenkeel/signals/server/signals-server";
import { SignalStore } from "@evenkeel/signals/store/signal-store";
import { OwnSignals } from "@evenkeel/telemetry/metrics/own-signals";
import type { OtlpKind } from "@evenkeel/telemetry/otlp/otlp-schema";
import { startTelemetryServer } from "@evenkeel/telemetry/server/telemetry-server";
import { Telemetry } from "@evenkeel/telemetry/telemetry";
import { TelemetryLink } from "../telemetry/telemetry-link.ts";
import { until } from "../testing/until.ts";
import { ExportRunner } from "./export-runner.ts";
import { type ExportState, newExportState } from "./export-state.ts";
import { metricsExport } from "./metrics-export.ts";

const shop = "shop" as AppName;
const owner = { app: shop, environment: "production", deployment: "aaaaaaaaa" } as const;
/** Who the receiver says that everything comes from. */
const collector = { app: "collector", environment: "production", deployment: "bbbbbbbbb" } as const;

let folder: string;
let stops: (() => unknown)[];
let store: SignalStore;
let telemetry: Telemetry;
let writer: AppLogWriter;
let received: Telemetry;
let receivedSignals: OwnSignals;
/** Of the receiver; 200: it takes what comes. */
let status: number;
let requests: { kind: string; encoding: string | null; key: string | null }[];
let url: string;
let saved: ExportState;
const layout = () => homeLayout(folder);
const receiverLayout = () => homeLayout(join(folder, "receiver"));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-export-"));
  mkdirSync(layout().run);
  stops = [];
  status = 200;
  requests = [];
  store = new SignalStore({ folder: layout().signals });
  const signals = new SignalsServer(store, layout().signalsSocket);
  telemetry = new Telemetry({ layout: layout(), signals: new OwnSignals(), secretsOf: async () => ({}) });
  const server = startTelemetryServer(telemetry, layout().telemetrySocket);
  writer = new AppLogWriter(appLogFolder(layout(), shop), "host");
  openReceiver();
  const http = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => receive(request) });
  url = `http://127.0.0.1:${http.port}/otlp`;
  saved = { ...newExportState(Date.now()), minuteMs: Math.floor(Date.now() / 60_000) * 60_000 - 120_000 };
  stops.push(
    () => http.stop(true),
    () => server.stop(),
    () => telemetry.close(),
    () => received.close(),
    () => writer.close(),
    () => signals.stop(),
    () => store.close(),
  );
});
afterEach(async () => {
  for (const stop of stops) await stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The receiver is this platform's own intake. */
function openReceiver(): void {
  receivedSignals = new OwnSignals();
  received = new Telemetry({
    layout: receiverLayout(),
    signals: receivedSignals,
    secretsOf: async () => ({}),
  });
}

async function receive(request: Request): Promise<Response> {
  const kind = new URL(request.url).pathname.replace("/otlp/v1/", "") as OtlpKind;
  const { headers } = request;
  requests.push({ kind, encoding: headers.get("content-encoding"), key: headers.get("x-key") });
  const body = await request.bytes();
  if (status !== 200) return new Response(null, { status });
  const answer = await received.takeOtlp(
    collector,
    {
      ...{ kind, body, contentType: headers.get("content-type") ?? "" },
      contentEncoding: headers.get("content-encoding") ?? "",
    },
    Date.now(),
  );
  return new Response(answer.body as Uint8Array<ArrayBuffer>, answer);
}

function run(): ExportRunner {
  const signals = new SignalsClient(layout().signalsSocket);
  const runner = new ExportRunner(
    {
      ...{ id: "k3x9abcd", app: null, kinds: ["metrics", "logs", "traces"], state: structuredClone(saved) },
      target: { kind: "otlp", url, headers: { "x-key": "secret" }, isLocal: true },
    },
    {
      ...{ layout: layout(), signals, telemetry: new TelemetryLink(layout().telemetrySocket) },
      apps: async () => [shop],
      save: async (_, state) => {
        saved = structuredClone(state);
      },
    },
  );
  const stop = runner.stop.bind(runner);
  runner.stop = async () => {
    await stop();
    signals.stop();
  };
  return runner;
}

async function print(from: number, to: number): Promise<void> {
  for (let number = from; number < to; number++)
    writer.append({
      ...{ atMs: Date.now(), level: 4, requestId: "", text: `line ${number}`, fields: "" },
      source: { stream: "stdout", environment: "production" },
    });
  await writer.flush();
}

const span = (at: number): Span => ({
  ...{
    traceId: at.toString(16).padStart(32, "a"),
    spanId: "b7ad6b7169203331",
    parentId: "",
    name: `GET /${at}`,
  },
  ...{
    kind: "server",
    service: "edge",
    startMs: Date.now() - 10,
    durationMs: 5,
    status: "error",
    message: "broken",
  },
  attributes: { "url.path": `/${at}`, odd: [1, true, "x"] },
});
const traced = async (at: number) =>
  (await received.answer({ type: "trace", id: span(at).traceId })) as FoundTrace | undefined;

async function receivedLines(): Promise<string[]> {
  const { lines } = await searchLogs(appLogFolder(receiverLayout(), "collector" as AppName), {
    limit: 10_000,
  });
  return lines.reverse().map(({ text }) => text);
}

const count = (runner: ExportRunner) => runner.logReport().deliveredLines;

test("metrics, lines and spans come whole over an absent receiver and restarts of either side", async () => {
  const minute = saved.minuteMs;
  store.take(
    { origin: "edge", name: "edge-0", run: "1" },
    {
      ...{ type: "batch", seq: 1, atMs: minute + 5_000, coversMs: 1_000 },
      samples: [
        {
          ...owner,
          ...{ counts: { requests: 7, "app.shop.orders": 2 }, gauges: { in_flight: 3 } },
          histograms: { latency: Histogram.of([10, 20, 4_000]).toJSON() },
        },
        { ...platformScope, gauges: { disk_used: 5_000 } },
      ],
    },
  );
  status = 503;
  let runner = run();
  await until("metrics are tried", () => requests.some(({ kind }) => kind === "metrics"));
  await until(
    "logs are tried",
    () => requests.some(({ kind }) => kind === "logs") || Object.keys(saved.failures).length > 0,
  );
  await print(0, 1_500);
  // The queue of spans begins with the first look.
  await until("the failure is kept", () => saved.failures.metrics !== undefined);
  await telemetry.answer({ type: "queued_spans", reader: "k3x9abcd", after: 0, limit: 1 });
  await telemetry.takeSpans([{ ...owner, spans: [span(1), span(2)] }]);
  await runner.stop();
  expect(await receivedLines()).toEqual([]);

  status = 200;
  await print(1_500, 1_600);
  runner = run();
  await until("all lines", () => count(runner) === 1_600);
  await until(
    "all spans and points",
    () => runner.state.counts.traces.sent === 2 && runner.state.counts.metrics.sent >= 5,
  );
  const samples = receivedSignals.take();
  const counts = Object.assign({}, ...samples.map((sample) => sample.counts));
  const gauges = Object.assign({}, ...samples.map((sample) => sample.gauges));
  expect(counts).toMatchObject({ "app.evenkeel.requests": 7, "app.shop.orders": 2 });
  expect(gauges).toEqual({ "app.evenkeel.in_flight": 3, "app.evenkeel.disk_used": 5_000 });
  const latency = samples.flatMap(({ histograms }) => histograms?.["app.evenkeel.latency"] ?? []);
  expect(Histogram.fromJson(latency)).toMatchObject({ count: 3 });

  // The receiver begins anew, with what it had written.
  await received.close();
  status = 503;
  await print(1_600, 1_700);
  openReceiver();
  status = 200;
  await until("the lines behind the restart", () => count(runner) === 1_700);
  await runner.stop();
  expect(await receivedLines()).toEqual(Array.from({ length: 1_700 }, (_, number) => `line ${number}`));
  expect(await traced(2)).toMatchObject({
    spans: [
      {
        name: "GET /2",
        kind: "server",
        status: "error",
        message: "broken",
        attributes: { odd: [1, true, "x"] },
      },
    ],
  });
  expect(saved.failures).toEqual({});
  expect(requests.every(({ encoding, key }) => encoding === "gzip" && key === "secret")).toBe(true);
}, 90_000);

test("what can never be taken is counted and passed, what a person can mend is tried again", async () => {
  await print(0, 10);
  status = 400;
  let runner = run();
  await until("ten refusals", () => runner.logReport().refused === 10);
  expect(runner.logReport().failure).toBeUndefined();
  await runner.stop();
  status = 401;
  await print(10, 20);
  runner = run();
  await until("a failure", () => runner.logReport().failure !== undefined);
  expect(runner.logReport().failure!.message).toContain("401");
  status = 200;
  await until(
    "the rest",
    () => runner.logReport().failure === undefined && runner.logReport().deliveredLines > 0,
  );
  await runner.stop();
  expect(await receivedLines()).toEqual(Array.from({ length: 10 }, (_, number) => `line ${number + 10}`));
}, 60_000);

test("histograms keep within the buckets that SDKs have, percentiles within the width of one", () => {
  const values = Array.from({ length: 10_000 }, (_, at) => 1.001 ** at * 0.5);
  const { request, points } = metricsExport(
    [{ ...owner, histograms: { latency: Histogram.of([0, ...values]).toJSON() } }],
    1_800_000_000_000,
  );
  expect(points).toBe(1);
  const [{ scopeMetrics }] = (request as { resourceMetrics: [{ scopeMetrics: [{ metrics: [object] }] }] })
    .resourceMetrics;
  const metric = scopeMetrics[0].metrics[0] as {
    unit: string;
    exponentialHistogram: {
      dataPoints: [
        { scale: number; zeroCount: string; positive: { offset: number; bucketCounts: string[] } },
      ];
    };
  };
  expect(metric).toMatchObject({ name: "evenkeel.latency", unit: "ms" });
  const [{ scale, zeroCount, positive }] = metric.exponentialHistogram.dataPoints;
  expect(zeroCount).toBe("1");
  expect(positive.bucketCounts.length).toBeWithin(80, 161);
  let passed = 0;
  let at = positive.offset;
  for (const bucket of positive.bucketCounts) {
    passed += Number(bucket);
    if (passed >= 5_000) break;
    at++;
  }
  const base = 2 ** (2 ** -scale);
  expect(values[4_999]! / base ** at).toBeWithin(0.98, base * 1.02);
});
