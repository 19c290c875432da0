import { type GaugeAcross, InvalidValueError } from "@evenkeel/model";
import type { Unit } from "../quantities/amount.ts";
import { nearest } from "./nearest.ts";

/** How a number comes of signals. */
export type Reading =
  /** Sum of one over the sum of the other in the window. */
  | { how: "ratio"; part: string; whole: string }
  /** A percentile of what a histogram holds; `quantile` 0.95 for p95. */
  | { how: "quantile"; signal: string; quantile: number }
  /** Mean over the seconds of the window; each second's value is made of what is reported for it as the catalogue says, or by `across`. */
  | { how: "gauge"; signal: string; across?: GaugeAcross }
  /** One gauge as a share of another, mean over the window. */
  | { how: "share"; signal: string; of: string }
  /** Sum over the window. */
  | { how: "sum"; signal: string }
  /** Sum per second of the window. */
  | { how: "rate"; signal: string }
  /** The newest results of a gauge that is 1 or 0. */
  | { how: "failures"; signal: string };

export interface Measure {
  /** As the catalogue calls it. */
  name: string;
  unit: Unit;
  reading: Reading;
  /** Of the deployment that answers, or of the app environment whatever answers. */
  about: "deployment" | "environment";
}

/** What an app says of its own metrics: sent by OTLP under this name. */
export interface AppMetric {
  kind: "gauge" | "count" | "histogram";
  unit?: Unit;
}

const of = (name: string, unit: Unit, reading: Reading, about: Measure["about"] = "deployment"): Measure => ({
  ...{ name, unit, reading, about },
});
const inEnvironment = (name: string, unit: Unit, reading: Reading): Measure =>
  of(name, unit, reading, "environment");

const catalogue: Measure[] = [
  of("error_rate", "share", { how: "ratio", part: "errors", whole: "requests" }),
  of("client_error_rate", "share", { how: "ratio", part: "client_errors", whole: "requests" }),
  of("request_rate", "per_second", { how: "rate", signal: "requests" }),
  of("requests", "count", { how: "sum", signal: "requests" }),
  of("in_flight", "count", { how: "gauge", signal: "in_flight" }),
  of("cold_starts", "count", { how: "sum", signal: "cold_starts" }),
  // Of the worst instance: its limits are its own, however many there are.
  of("cpu", "share", { how: "gauge", signal: "instance_cpu", across: "max" }),
  of("memory", "bytes", { how: "gauge", signal: "instance_memory", across: "max" }),
  of("restarts", "count", { how: "sum", signal: "instance_restarts" }),
  of("event_loop_delay", "ms", { how: "quantile", signal: "event_loop_delay", quantile: 0.95 }),
  of("response_time", "ms", { how: "quantile", signal: "latency", quantile: 0.95 }),
  of("health_check", "count", { how: "failures", signal: "health_check" }),
  of("health_check_time", "ms", { how: "quantile", signal: "health_check_latency", quantile: 0.95 }),
  inEnvironment("database_connections", "share", {
    ...{ how: "share", signal: "database_connections", of: "database_connection_limit" },
  }),
  inEnvironment("database_size", "bytes", { how: "gauge", signal: "database_size" }),
  inEnvironment("slow_queries", "count", { how: "sum", signal: "slow_queries" }),
  inEnvironment("archive_lag", "ms", { how: "gauge", signal: "archive_lag" }),
  inEnvironment("replication_lag", "ms", { how: "gauge", signal: "replication_lag" }),
  inEnvironment("backup_age", "ms", { how: "gauge", signal: "backup_age" }),
  inEnvironment("schedule_lateness", "ms", { how: "quantile", signal: "schedule_lateness", quantile: 0.95 }),
  inEnvironment("schedule_failures", "count", { how: "sum", signal: "schedule_failures" }),
  inEnvironment("storage_usage", "share", { how: "share", signal: "disk_used", of: "disk_size" }),
  // Web vitals are judged at p75: https://web.dev/articles/vitals
  ...(["lcp", "inp", "fcp", "ttfb"] as const).map((signal) =>
    inEnvironment(signal, "ms", { how: "quantile", signal, quantile: 0.75 }),
  ),
  inEnvironment("cls", "count", { how: "quantile", signal: "cls", quantile: 0.75 }),
  inEnvironment("spend", "micro_usd", { how: "sum", signal: "spend" }),
  inEnvironment("tokens", "count", { how: "sum", signal: "tokens" }),
  inEnvironment("token_rate", "per_second", { how: "rate", signal: "tokens" }),
];

/** Signals that are told in seconds, where people and conditions speak of milliseconds. */
export const signalsInSeconds: ReadonlySet<string> = new Set([
  "archive_lag",
  "replication_lag",
  "backup_age",
  "certificate_age",
]);

/** Other words for the same, without underscores and in lower case. */
const synonyms: Record<string, string> = {
  ...{ errors: "error_rate", latency: "response_time", duration: "response_time", p: "response_time" },
  ...{ cpuusage: "cpu", cpuload: "cpu", load: "cpu", dynoload: "cpu", memoryusage: "memory", rss: "memory" },
  ...{ databaseconnections: "database_connections", connectionpoolutilization: "database_connections" },
  ...{ connections: "database_connections", connectionpool: "database_connections" },
  ...{ poolutilization: "database_connections", diskusage: "storage_usage", storage: "storage_usage" },
  ...{ disk: "storage_usage", traffic: "request_rate", throughput: "request_rate", rps: "request_rate" },
  ...{ concurrentrequests: "in_flight", healthchecks: "health_check", cost: "spend", tpm: "token_rate" },
  ...{ largestcontentfulpaint: "lcp", interactiontonextpaint: "inp", cumulativelayoutshift: "cls" },
  ...{ firstcontentfulpaint: "fcp", timetofirstbyte: "ttfb" },
  ...{ tokensperminute: "token_rate", tpmutilization: "token_rate", schedulelag: "schedule_lateness" },
};

const compact = (text: string): string => text.toLowerCase().replaceAll(/[_\s.-]/g, "");
const byName = new Map(catalogue.map((measure) => [compact(measure.name), measure]));
for (const [word, name] of Object.entries(synonyms)) byName.set(word, byName.get(compact(name))!);

export const measureNames: readonly string[] = catalogue.map(({ name }) => name);

/**
 * Finds what a runbook means by a name: `error_rate`, `responseTime`, `response_time_p95`, `p99`, an app's own metric.
 *
 * @throws InvalidValueError with the nearest name that there is
 */
export function readMeasure(text: string, metrics: Readonly<Record<string, AppMetric>>): Measure {
  const name = text.trim();
  if (Object.hasOwn(metrics, name)) return ofApp(name, metrics[name]!);
  const percentile = /^(.*?)[_\s-]*\(?p(\d{2}(?:\.?\d)?)\)?$/i.exec(name);
  const base = percentile && percentile[1] === "" ? "response_time" : (percentile?.[1] ?? name);
  const own = Object.hasOwn(metrics, base) ? ofApp(base, metrics[base]!) : byName.get(compact(base));
  if (own && !percentile) return own;
  if (own && percentile && own.reading.how === "quantile") return atQuantile(own, percentile[2]!);
  if (own) throw new InvalidValueError(`"${own.name}" has no percentiles: it is one number a second`);
  const guess = nearest(base, [...measureNames, ...Object.keys(metrics)]);
  throw new InvalidValueError(
    `Nothing measures "${name.slice(0, 60)}"${guess === undefined ? "" : `; did you mean "${guess}"?`}`,
    { hint: "A metric that the app sends itself is declared under `metrics`." },
  );
}

/** `p95` → 0.95, `p999` and `p99.9` → 0.999. */
function atQuantile(measure: Measure, digits: string): Measure {
  const plain = digits.replace(".", "");
  const quantile = Number(`0.${plain}`);
  if (quantile < 0.5) throw new InvalidValueError(`p${digits} is no percentile that tells of the slow ones`);
  return {
    ...measure,
    name: `${measure.name}_p${plain}`,
    reading: { ...(measure.reading as Extract<Reading, { how: "quantile" }>), quantile },
  };
}

function ofApp(name: string, { kind, unit = "count" }: AppMetric): Measure {
  const signal = `app.${name}`;
  const readings: Record<AppMetric["kind"], Reading> = {
    gauge: { how: "gauge", signal },
    count: { how: "sum", signal },
    histogram: { how: "quantile", signal, quantile: 0.95 },
  };
  return { name: signal, unit, reading: readings[kind], about: "environment" };
}

/** The names of the signals that a measure is made of. */
export function signalsOf({ reading }: Pick<Measure, "reading">): string[] {
  if (reading.how === "ratio") return [reading.part, reading.whole];
  return reading.how === "share" ? [reading.signal, reading.of] : [reading.signal];
}
