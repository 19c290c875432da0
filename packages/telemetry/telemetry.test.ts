import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LogLine, searchLogs, writeLogSettings } from "@evenkeel/logs";
import { appLogFolder } from "@evenkeel/logs/store/log-files";
import { type AppName, homeLayout } from "@evenkeel/model";
import { OwnSignals } from "./metrics/own-signals.ts";
import { encodeExport } from "./otlp/encode-export.ts";
import type { OtlpSender } from "./otlp/otlp-intake.ts";
import type { OtlpKind } from "./otlp/otlp-schema.ts";
import { Telemetry } from "./telemetry.ts";

const sender: OtlpSender = { app: "shop", environment: "production", deployment: "aaaaaaaaa" };
const canary = "opaque words of no known form 7f3a9c";
const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const nanos = (ms: number) => `${BigInt(Math.round(ms))}000000`;

let folder: string;
let telemetry: Telemetry;
let signals: OwnSignals;
let secrets: Record<string, string> | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-telemetry-"));
  signals = new OwnSignals();
  secrets = { PAYMENTS_PASSWORD: canary };
  telemetry = new Telemetry({
    ...{ layout: homeLayout(folder), signals },
    secretsOf: async () => secrets,
  });
});
afterEach(async () => {
  await telemetry.close();
  rmSync(folder, { recursive: true, force: true });
});

async function send(kind: OtlpKind, body: object, encoding: "json" | "protobuf" = "json") {
  const answer = await telemetry.takeOtlp(
    sender,
    {
      ...{ kind, contentEncoding: "" },
      contentType: encoding === "json" ? "application/json" : "application/x-protobuf",
      body: encoding === "json" ? Buffer.from(JSON.stringify(body)) : encodeExport(kind, body),
    },
    Date.now(),
  );
  return { ...answer, text: Buffer.from(answer.body).toString() };
}

const logsOf = (...logRecords: object[]) => ({
  resourceLogs: [
    { resource: { attributes: [attribute("service.name", "worker")] }, scopeLogs: [{ logRecords }] },
  ],
});

const appFolder = () => appLogFolder(homeLayout(folder), "shop" as AppName);

async function lines(): Promise<LogLine[]> {
  const { lines: newestFirst } = await searchLogs(appFolder(), { limit: 10_000 });
  return newestFirst.reverse();
}

test("log records are lines of the app's log once they are acknowledged, in both encodings, without its secrets", async () => {
  const id = "0af7651916cd43dd8448eb211c80319c";
  const record = () => ({
    ...{ timeUnixNano: nanos(Date.now() - 1_000), severityNumber: 17, traceId: id },
    body: { stringValue: `charge failed: ${canary}` },
    attributes: [
      attribute("order.id", "17"),
      attribute("exception.stacktrace", `${"x".repeat(4_080)}${canary}`),
      attribute("customer", "ann@example.com"),
      attribute("password", "hunter"),
    ],
  });
  expect((await send("logs", logsOf(record()))).text).toBe("{}");
  expect((await send("logs", logsOf(record()), "protobuf")).status).toBe(200);
  const found = await lines();
  expect(found).toHaveLength(2);
  for (const line of found) {
    expect(line).toMatchObject({
      ...{ level: "error", stream: "otlp", environment: "production", deployment: "aaaaaaaaa" },
      text: "charge failed: [PAYMENTS_PASSWORD]",
      fields: { traceId: id, "order.id": "17", service: "worker", password: "[secret]" },
    });
    expect(Date.parse(String(line.fields!["recordedAt"]))).toBeLessThan(line.atMs);
    expect(String(line.fields!["customer"])).toMatch(/^\[email:/);
    expect(JSON.stringify(line)).not.toContain(canary.slice(0, 6));
  }
});

test("structure, severities in words and bodies of every kind can be read", async () => {
  const kvlistValue = { values: [attribute("message", "order placed"), attribute("order", "18")] };
  await send(
    "logs",
    logsOf(
      { body: { kvlistValue }, severityText: "WARNING" },
      { body: { intValue: "5" }, attributes: [attribute("message", "stays a field")] },
      { body: { stringValue: "\u001b[2Jcleared" }, attributes: [attribute("request_id", "r-1")] },
    ),
  );
  expect(await lines()).toMatchObject([
    { level: "warn", text: "order placed", fields: { order: "18" } },
    { level: "info", text: "5", fields: { message: "stays a field" } },
    { text: "cleared", requestId: "r-1" },
  ]);
});

test("a flood of records is cut at the app's budget: told to its sender, in the log and as a signal", async () => {
  await send("logs", logsOf({ body: { stringValue: "first" } }));
  writeLogSettings(appFolder(), { linesPerSecond: 5 });
  await telemetry.close();
  telemetry = new Telemetry({ ...{ layout: homeLayout(folder), signals }, secretsOf: async () => secrets });
  const many = Array.from({ length: 200 }, (_, at) => ({ body: { stringValue: `line ${at}` } }));
  const { partialSuccess } = JSON.parse((await send("logs", logsOf(...many))).text) as {
    partialSuccess: { rejectedLogRecords: string; errorMessage: string };
  };
  const refused = Number(partialSuccess.rejectedLogRecords);
  // Ten seconds' worth are taken at once, and what a slow machine has time for.
  expect(refused).toBeWithin(50, 151);
  expect(partialSuccess.errorMessage).toContain("5 lines");
  const { kinds } = (await telemetry.answer({ type: "intake", ...sender })) as {
    kinds: { logs: { rejected: number } };
  };
  expect(kinds.logs.rejected).toBe(refused);
  let dropped = 0;
  let told: string[] = [];
  for (let tries = 0; (dropped === 0 || told.length === 0) && tries < 400; tries++) {
    for (const { counts } of signals.take()) dropped += counts?.["log_lines_dropped"] ?? 0;
    told = (await lines()).map(({ text }) => text).filter((text) => text.includes("were dropped"));
    await Bun.sleep(50);
  }
  expect(dropped).toBe(refused);
  expect(told).toEqual([
    expect.stringMatching(new RegExp(`^${refused} lines .* the app sent more than 5 lines`)),
  ]);
}, 30_000);

test("spans and metrics lose the values of secrets, of edges' spans too", async () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const [start, end] = [nanos(Date.now() - 5), nanos(Date.now())];
  await send("traces", {
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: [
              {
                ...{ traceId, spanId: "b7ad6b7169203331", name: `SELECT '${canary}'`, kind: 3 },
                ...{ startTimeUnixNano: start, endTimeUnixNano: end },
                status: { code: 2, message: canary },
                attributes: [attribute(canary, canary), attribute("http.request.header.authorization", "x")],
                events: [{ timeUnixNano: start, name: canary, attributes: [attribute("e", canary)] }],
              },
            ],
          },
        ],
      },
    ],
  });
  await telemetry.takeSpans([
    {
      ...sender,
      spans: [
        {
          ...{ traceId, spanId: "c7ad6b7169203331", parentId: "", kind: "server", service: "edge" },
          ...{
            name: `GET /${encodeURIComponent(canary)}`,
            startMs: Date.now(),
            durationMs: 1,
            status: "error",
          },
          attributes: {
            "url.path": `/hooks/${encodeURIComponent(canary)}`,
            "http.response.status_code": 500,
          },
        },
      ],
    },
  ]);
  const found = JSON.stringify(await telemetry.answer({ type: "trace", id: traceId }));
  expect(found).toContain("[PAYMENTS_PASSWORD]");
  expect(found).toContain('"http.request.header.authorization":"[secret]"');
  expect(found).toContain('"http.response.status_code":500');
  expect(decodeURIComponent(found)).not.toContain("7f3a9c");
  const dataPoints = [{ asDouble: 1, timeUnixNano: end, attributes: [attribute("key", canary)] }];
  await send("metrics", {
    resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: canary, gauge: { dataPoints } }] }] }],
  });
  const samples = JSON.stringify(signals.take());
  expect(samples).toContain("PAYMENTS_PASSWORD");
  expect(samples).not.toContain("7f3a9c");
});

test("nothing is written down while nobody says what the secrets are", async () => {
  secrets = undefined;
  expect(send("logs", logsOf({ body: { stringValue: "x" } }))).rejects.toMatchObject({
    code: "telemetry_secrets_unknown",
  });
});
