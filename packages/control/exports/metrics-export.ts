import { otlpAttributes } from "@evenkeel/logs/drains/otlp-shipper";
import {
  appSignalPrefix,
  bucketValue,
  Histogram,
  platformApp,
  type SignalSample,
  signalDefinition,
  zeroBucket,
} from "@evenkeel/model";

/** https://opentelemetry.io/docs/specs/otel/metrics/data-model/#temporality: each point is of its own minute. */
const delta = 1;
/** As OpenTelemetry's SDKs have by default. */
const mostBuckets = 160;
const finestScale = 6;

/** https://ucum.org, as OpenTelemetry wants units; the rest are counted things. */
const ucum: Record<string, string> = {
  ms: "ms",
  s: "s",
  bytes: "By",
  cores: "{core}",
  share: "1",
  "micro-USD": "{micro-USD}",
};

interface Metric {
  name: string;
  unit: string;
  description?: string;
}

/** `ExportMetricsServiceRequest` in JSON of what was measured in the minute that began at `atMs`. */
export function metricsExport(
  samples: readonly SignalSample[],
  atMs: number,
): { request: object; points: number } {
  const time = { startTimeUnixNano: nanos(atMs), timeUnixNano: nanos(atMs + 60_000) };
  let points = 0;
  const resources = Map.groupBy(
    samples,
    ({ app, environment, deployment }) => `${app} ${environment} ${deployment}`,
  );
  const resourceMetrics = [...resources.values()].map((group) => {
    const metrics = group.flatMap(({ detail, counts = {}, gauges = {}, histograms = {} }) => {
      const point = (name: string) => ({
        ...time,
        attributes: otlpAttributes(detailAttributes(name, detail)),
      });
      return [
        ...Object.entries(counts).map(([name, value]) => ({
          ...metricOf(name),
          sum: {
            isMonotonic: true,
            aggregationTemporality: delta,
            dataPoints: [{ ...point(name), asDouble: value }],
          },
        })),
        ...Object.entries(gauges).map(([name, value]) => ({
          ...metricOf(name),
          gauge: { dataPoints: [{ ...point(name), asDouble: value }] },
        })),
        ...Object.entries(histograms).map(([name, json]) => ({
          ...metricOf(name),
          exponentialHistogram: {
            aggregationTemporality: delta,
            dataPoints: [{ ...point(name), ...exponential(Histogram.fromJson(json)) }],
          },
        })),
      ];
    });
    points += metrics.length;
    return {
      resource: { attributes: otlpAttributes(resourceOf(group[0]!)) },
      scopeMetrics: [{ scope: { name: "evenkeel" }, metrics }],
    };
  });
  return { request: { resourceMetrics }, points };
}

export const resourceOf = ({
  app,
  environment,
  deployment,
}: {
  app: string;
  environment: string;
  deployment?: string | null | undefined;
}): Record<string, unknown> =>
  app === platformApp
    ? { "service.name": "evenkeel" }
    : { "service.name": app, "deployment.environment.name": environment, "deployment.id": deployment };

const nanos = (ms: number): string => `${BigInt(ms) * 1_000_000n}`;

function metricOf(signal: string): Metric {
  if (signal.startsWith(appSignalPrefix)) return { name: signal.slice(appSignalPrefix.length), unit: "" };
  const { unit = "", about = "" } = signalDefinition(signal) ?? {};
  return { name: `evenkeel.${signal}`, unit: ucum[unit] ?? `{${unit}}`, description: about };
}

/** An app's own attributes stand in one line, `kind=book,region=eu`; where it cannot be taken apart again it stays one. */
function detailAttributes(signal: string, detail: string | undefined): Record<string, string> {
  if (detail === undefined || detail === "") return {};
  if (!signal.startsWith(appSignalPrefix)) return { [signalDefinition(signal)?.detail ?? "detail"]: detail };
  const parts = detail.split(",").map((part) => /^([^=]+)=([^=…]*)$/.exec(part));
  if (parts.some((part) => part === null)) return { series: detail };
  return Object.fromEntries(parts.map((part) => [part![1]!, part![2]!]));
}

/**
 * Buckets as powers of 2^(2^-scale), at the finest scale that 160 buckets have room for. Ours are narrower, so each goes to the one that its middle lies in.
 */
function exponential(histogram: Histogram): object {
  const values: [value: number, count: number][] = [];
  let zeroCount = 0;
  histogram.forEachBucket((bucket, count) => {
    if (bucket <= zeroBucket) zeroCount += count;
    else values.push([bucketValue(bucket), count]);
  });
  const { count, sum, least, greatest } = histogram;
  const base = { count: String(count), sum, zeroCount: String(zeroCount), min: least, max: greatest };
  if (values.length === 0) return { ...base, scale: 0 };
  for (let scale = finestScale; ; scale--) {
    const indexOf = (value: number) => Math.ceil(Math.log2(value) * 2 ** scale) - 1;
    const offset = indexOf(values[0]![0]);
    const length = indexOf(values.at(-1)![0]) - offset + 1;
    if (length > mostBuckets) continue;
    const bucketCounts = new Array<number>(length).fill(0);
    for (const [value, times] of values) bucketCounts[indexOf(value) - offset]! += times;
    return { ...base, scale, positive: { offset, bucketCounts: bucketCounts.map(String) } };
  }
}
