import { expect, test } from "bun:test";
import { OtlpMalformedError } from "../errors.ts";
import { decodeExport } from "./decode-export.ts";
import { decodeRejected, encodeExport, encodeResponse } from "./encode-export.ts";
import { type Measurement, MetricSeries } from "./metric-series.ts";
import { readLogs } from "./read-logs.ts";
import { readMetrics } from "./read-metrics.ts";
import { readSpans } from "./read-spans.ts";

const nowMs = Date.UTC(2030, 0, 1);
const nanos = (ms: number) => `${BigInt(ms) * 1_000_000n}`;
const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });

const json = (value: unknown) => Buffer.from(JSON.stringify(value));

const span = (over: object = {}) => ({
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  name: "GET /",
  kind: 2,
  startTimeUnixNano: nanos(nowMs),
  endTimeUnixNano: nanos(nowMs + 5),
  ...over,
});
const spansOf = (...spans: object[]) => ({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
const metricsOf = (...metrics: object[]) => ({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });

function measure(series: MetricSeries, ...metrics: object[]): (Measurement | string | undefined)[] {
  const { points } = readMetrics(decodeExport("metrics", "json", json(metricsOf(...metrics))));
  return points.map((point) => series.take(point, "aaaaaaaaa", nowMs));
}

test("JSON and protobuf of one export read alike", () => {
  const request = spansOf(
    span({
      parentSpanId: "00f067aa0ba902b7",
      attributes: [attribute("http.route", "/"), { key: "n", value: { intValue: "9007199254740993" } }],
      status: { code: 2, message: "broken" },
      events: [{ timeUnixNano: nanos(nowMs + 1), name: "exception" }],
    }),
  );
  const fromJson = readSpans(decodeExport("traces", "json", json(request)), nowMs, 10);
  const fromBinary = readSpans(
    decodeExport("traces", "protobuf", encodeExport("traces", request)),
    nowMs,
    10,
  );
  expect(fromBinary).toEqual(fromJson);
  expect(fromJson.spans).toMatchObject([
    {
      ...{ parentId: "00f067aa0ba902b7", durationMs: 5, status: "error", message: "broken" },
      kind: "server",
    },
  ]);
});

test("bodies that are no OTLP are refused with the reason", () => {
  let deep: object = {};
  for (let level = 0; level < 5_000; level++) deep = { arrayValue: { values: [deep] } };
  const wrong: [encoding: "json" | "protobuf", body: Uint8Array, reason: RegExp][] = [
    ["json", Buffer.from("{"), /JSON|EOF|Expected/i],
    ["json", Buffer.from([0xff, 0xfe]), /./],
    ["json", json([1]), /object expected/],
    ["json", json({ resourceSpans: "all" }), /array expected/],
    ["json", json(spansOf(span({ traceId: "xyz" }))), /traceId: hex expected/],
    ["json", json(spansOf(span({ spanId: "abcd" }))), /spanId: 16 hex digits/],
    ["json", json(spansOf(span({ startTimeUnixNano: "soon" }))), /startTimeUnixNano: integer/],
    ["json", json(spansOf(span({ attributes: [{ key: "deep", value: deep }] }))), /nested deeper/],
    ["protobuf", Buffer.from("this is not protobuf at all"), /./],
    ["protobuf", Buffer.from([0x0a, 0xff, 0xff, 0xff, 0x7f]), /./],
    ["protobuf", nested(20_000), /./],
  ];
  for (const [encoding, body, reason] of wrong) {
    expect(() => decodeExport("traces", encoding, body)).toThrow(OtlpMalformedError);
    expect(() => decodeExport("traces", encoding, body)).toThrow(reason);
  }
});

/** A span attribute whose value is a list in a list in a list …, in protobuf. */
function nested(levels: number): Uint8Array {
  let body = Buffer.alloc(0);
  const wrap = (field: number) => {
    const length: number[] = [];
    for (let rest = body.length; ; rest >>>= 7) {
      length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
      if (rest <= 0x7f) break;
    }
    body = Buffer.concat([Buffer.from([(field << 3) | 2, ...length]), body]);
  };
  for (let level = 0; level < levels; level++) wrap(level % 2 === 0 ? 1 : 5);
  for (const field of [2, 9, 2, 2, 1]) wrap(field);
  return body;
}

test("random bytes never do worse than a refusal", () => {
  let seed = 7;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
    return seed / 0x7fffffff;
  };
  const valid = encodeExport(
    "metrics",
    metricsOf({
      name: "m",
      sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ asInt: 1 }] },
    }),
  );
  for (let round = 0; round < 3_000; round++) {
    const bytes = Buffer.from(valid);
    for (let flips = 0; flips < 3; flips++) bytes[Math.floor(random() * bytes.length)] = random() * 256;
    for (const kind of ["metrics", "logs", "traces"] as const) {
      try {
        const request = decodeExport(kind, "protobuf", bytes);
        if (kind === "metrics") readMetrics(request as never);
        else if (kind === "logs") readLogs(request as never, nowMs);
        else readSpans(request as never, nowMs, 10);
      } catch (error) {
        expect(error).toBeInstanceOf(OtlpMalformedError);
      }
    }
  }
});

test("spans of other days, backwards or without ids are refused and counted", () => {
  const { spans, rejected } = readSpans(
    decodeExport(
      "traces",
      "json",
      json(
        spansOf(
          span(),
          span({ traceId: "" }),
          span({ spanId: "0000000000000000" }),
          span({ endTimeUnixNano: nanos(nowMs - 1) }),
          span({ startTimeUnixNano: nanos(nowMs - 3 * 86_400_000) }),
          span({ endTimeUnixNano: nanos(nowMs + 3 * 3_600_000) }),
          span({ name: "one too many" }),
        ),
      ),
    ),
    nowMs,
    1,
  );
  expect(spans).toHaveLength(1);
  expect(rejected.count).toBe(6);
  expect(rejected.message).toContain("it began more than a day ago");
  expect(decodeRejected("traces", encodeResponse("traces", "protobuf", rejected))).toEqual(rejected);
  expect(JSON.parse(Buffer.from(encodeResponse("traces", "json", rejected)).toString())).toEqual({
    partialSuccess: { rejectedSpans: "6", errorMessage: rejected.message },
  });
});

test("huge attributes are cut, and names of objects' own are names like any other", () => {
  const many = Array.from({ length: 1_000 }, (_, at) => attribute(`key${at}`, "v"));
  const { spans } = readSpans(
    decodeExport(
      "traces",
      "json",
      json(
        spansOf(
          span({ attributes: [attribute("__proto__", "x"), attribute("long", "y".repeat(1e6)), ...many] }),
        ),
      ),
    ),
    nowMs,
    10,
  );
  const { attributes } = spans[0]!;
  expect(Object.keys(attributes)).toHaveLength(128);
  expect(attributes["long"]).toHaveLength(4_097);
  expect(Object.hasOwn(attributes, "__proto__")).toBe(true);
});

const sum = (value: number, atS: number, startS: number, over: object = {}) => ({
  name: "orders",
  sum: {
    ...{ aggregationTemporality: 2, isMonotonic: true, ...over },
    dataPoints: [
      {
        asInt: String(value),
        startTimeUnixNano: nanos(nowMs + startS * 1e3),
        timeUnixNano: nanos(nowMs + atS * 1e3),
      },
    ],
  },
});
const valuesOf = (measured: ReturnType<typeof measure>) =>
  measured.map((one) => (typeof one === "object" && one.kind !== "histogram" ? one.value : one));

test("cumulative sums count what came since, restarts from zero, and nothing twice", () => {
  const series = new MetricSeries(nowMs);
  expect(
    valuesOf([
      ...measure(series, sum(5, 10, 1)),
      ...measure(series, sum(8, 20, 1)),
      ...measure(series, sum(8, 20, 1)),
      ...measure(series, sum(6, 15, 1)),
      ...measure(series, sum(2, 40, 30)),
      ...measure(series, sum(1, 50, 30)),
    ]),
  ).toEqual([5, 3, undefined, undefined, 2, 1]);
});

test("a total that began before us is only compared with", () => {
  const series = new MetricSeries(nowMs);
  expect(
    valuesOf([...measure(series, sum(1_000, 10, -500)), ...measure(series, sum(1_004, 20, -500))]),
  ).toEqual([undefined, 4]);
});

test("levels are gauges, deltas count as they are", () => {
  const series = new MetricSeries(nowMs);
  const [level, delta] = [
    measure(series, sum(7, 10, 1, { isMonotonic: false }))[0],
    measure(series, sum(4, 20, 10, { aggregationTemporality: 1 }))[0],
  ];
  expect(level).toMatchObject({ kind: "gauge", value: 7 });
  expect(delta).toMatchObject({ kind: "count", value: 4 });
});

test("an explosion of attributes ends at the limit, and says so", () => {
  const series = new MetricSeries(nowMs, { limit: 50 });
  const dataPoints = Array.from({ length: 80 }, (_, at) => ({
    asDouble: 1,
    timeUnixNano: nanos(nowMs),
    attributes: [attribute("user", `u${at}`)],
  }));
  const measured = measure(series, { name: "bomb", gauge: { dataPoints } });
  expect(measured.filter((one) => typeof one === "string")).toHaveLength(30);
  expect(measured.at(-1)).toContain("may have 50 series");
  expect(series.size).toBe(50);
});

const histogram = (bucketCounts: number[], atS: number, more: object = {}) => ({
  name: "duration",
  histogram: {
    aggregationTemporality: 2,
    dataPoints: [
      {
        ...{ explicitBounds: [10, 20], bucketCounts: bucketCounts.map(String), count: "9" },
        ...{ startTimeUnixNano: nanos(nowMs), timeUnixNano: nanos(nowMs + atS * 1e3), ...more },
      },
    ],
  },
});

test("cumulative histograms give the buckets that grew", () => {
  const series = new MetricSeries(nowMs);
  measure(series, histogram([1, 2, 0], 10, { sum: 40, min: 2, max: 19 }));
  expect(measure(series, histogram([1, 5, 1], 20, { sum: 130, min: 2, max: 44 }))).toMatchObject([
    {
      kind: "histogram",
      sum: 90,
      values: [
        [15, 3],
        [20, 1],
      ],
    },
  ]);
});

test("an exponential histogram whose scale shrank is still one total", () => {
  const series = new MetricSeries(nowMs);
  const point = (scale: number, offset: number, bucketCounts: number[], atS: number) => ({
    name: "size",
    exponentialHistogram: {
      aggregationTemporality: 2,
      dataPoints: [
        {
          ...{
            scale,
            count: "4",
            zeroCount: "1",
            positive: { offset, bucketCounts: bucketCounts.map(String) },
          },
          ...{ startTimeUnixNano: nanos(nowMs), timeUnixNano: nanos(nowMs + atS * 1e3) },
        },
      ],
    },
  });
  // Scale 1: (2, 2.83] and (2.83, 4]; scale 0: (2, 4] and (4, 8].
  measure(series, point(1, 2, [1, 2], 10));
  const [measured] = measure(series, point(0, 1, [4, 1], 20));
  const { values } = measured as Extract<Measurement, { kind: "histogram" }>;
  expect(values.map(([value, count]) => [Math.round(value * 100) / 100, count])).toEqual([
    [2.83, 1],
    [5.66, 1],
  ]);
});

test("points that cannot be understood are refused by name", () => {
  const { refusals } = readMetrics(
    decodeExport(
      "metrics",
      "json",
      json(
        metricsOf(
          { name: "s", summary: { dataPoints: [{ count: "1" }, { count: "2" }] } },
          { name: "x", sum: { dataPoints: [{ asInt: "1" }] } },
          {
            name: "h",
            histogram: {
              aggregationTemporality: 1,
              dataPoints: [{ explicitBounds: [2, 1], bucketCounts: ["1", "1", "1"] }],
            },
          },
          { name: "", gauge: { dataPoints: [{ asDouble: 1 }] } },
          { name: "empty" },
        ),
      ),
    ),
  );
  expect([...refusals.values()].reduce((total, count) => total + count)).toBe(6);
});

test("log records keep level, trace and structure", () => {
  const kvlistValue = { values: [attribute("order", "17")] };
  const records = readLogs(
    decodeExport(
      "logs",
      "json",
      json({
        resourceLogs: [
          {
            resource: { attributes: [attribute("service.name", "shop")] },
            scopeLogs: [
              {
                logRecords: [
                  {
                    timeUnixNano: nanos(nowMs - 5),
                    severityNumber: 17,
                    body: { kvlistValue },
                    traceId: "0af7651916cd43dd8448eb211c80319c",
                  },
                  { timeUnixNano: "12", body: { stringValue: "from another time" } },
                ],
              },
            ],
          },
        ],
      }),
    ),
    nowMs,
  );
  expect(records).toMatchObject([
    {
      atMs: nowMs - 5,
      level: "error",
      body: { order: "17" },
      service: "shop",
      traceId: "0af7651916cd43dd8448eb211c80319c",
    },
    { atMs: nowMs, body: "from another time" },
  ]);
});
