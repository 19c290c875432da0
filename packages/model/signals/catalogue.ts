/** `count` adds up; `gauge` is a level that is looked at; `histogram` is the distribution of values. */
export type SignalKind = "count" | "gauge" | "histogram";

/** Which process measures it. While one of them lives, what it did not count is zero; otherwise it is unknown. */
export type SignalOrigin = "edge" | "host" | "keeper" | "control" | "signals" | "telemetry";

export interface SignalDefinition {
  kind: SignalKind;
  /** As it is printed: `ms`, `bytes`, `requests`. `share`: 1 is all of it. */
  unit: string;
  origin: SignalOrigin;
  /** What its scope's `detail` names; absent: it has none. A signal is recorded with one granularity only, so details add up to the whole. */
  detail?: string;
  /** How the levels of several deployments or details make one; default `sum`. */
  across?: GaugeAcross;
  /** A level is looked at so often, in seconds; default each second. */
  everyS?: number;
  /** One sentence for people. */
  about: string;
}

export type GaugeAcross = "sum" | "max" | "min" | "mean";

const define = <Name extends string>(definitions: Record<Name, SignalDefinition>) => definitions;

/** A page may tell one again when it has grown; each telling counts. */
const vital = (unit: string, about: string): SignalDefinition => ({
  ...{ kind: "histogram", unit, origin: "telemetry", about },
});

/** Every signal of the platform. An app's own begin with `app.` and are of the kind they came with. */
export const signalCatalogue = define({
  requests: { kind: "count", unit: "requests", origin: "edge", about: "Requests that were answered." },
  probes: {
    kind: "count",
    unit: "requests",
    origin: "edge",
    about: "Requests by which the platform looked itself; in no other count.",
  },
  errors: {
    ...{ kind: "count", unit: "requests", origin: "edge", detail: "class" },
    about: "Answers 5xx by class: `app` where the app gave it, otherwise why the edge did.",
  },
  client_errors: {
    kind: "count",
    unit: "requests",
    origin: "edge",
    about: "Answers 4xx, and clients that left before one.",
  },
  latency: {
    kind: "histogram",
    unit: "ms",
    origin: "edge",
    about: "From a request's head to the end of its answer.",
  },
  in_flight: {
    kind: "gauge",
    unit: "requests",
    origin: "edge",
    detail: "edge",
    about: "Requests without a whole answer.",
  },
  cold_starts: {
    kind: "count",
    unit: "starts",
    origin: "host",
    about: "Instances that were started because a request waited.",
  },
  start_time: {
    kind: "histogram",
    unit: "ms",
    origin: "host",
    about: "From the wish for an instance to its readiness.",
  },
  prerender_hits: {
    kind: "count",
    unit: "requests",
    origin: "edge",
    about: "Pages answered from the prerender cache.",
  },
  prerender_misses: {
    kind: "count",
    unit: "requests",
    origin: "edge",
    about: "Pages that had to be rendered first.",
  },
  request_bytes: { kind: "count", unit: "bytes", origin: "edge", about: "Bodies of requests." },
  response_bytes: { kind: "count", unit: "bytes", origin: "edge", about: "Bodies of answers." },
  instances: {
    kind: "gauge",
    unit: "instances",
    origin: "host",
    everyS: 5,
    about: "Running instances and processes.",
  },
  instance_cpu: {
    kind: "gauge",
    unit: "cores",
    origin: "host",
    everyS: 5,
    detail: "instance",
    about: "Processor time used: 1 is a whole core.",
  },
  instance_memory: {
    kind: "gauge",
    unit: "bytes",
    origin: "host",
    everyS: 5,
    detail: "instance",
    about: "Memory of an instance or process.",
  },
  instance_restarts: {
    kind: "count",
    unit: "restarts",
    origin: "host",
    detail: "instance",
    about: "Instances and processes that ended unasked.",
  },
  event_loop_delay: {
    kind: "histogram",
    unit: "ms",
    origin: "host",
    about: "How long instances that serve took to answer a ping: their event loop.",
  },
  database_connections: {
    kind: "gauge",
    unit: "connections",
    origin: "keeper",
    everyS: 30,
    about: "Connections to the database.",
  },
  database_connection_limit: {
    kind: "gauge",
    unit: "connections",
    origin: "keeper",
    everyS: 30,
    about: "Connections it takes at most.",
  },
  database_size: {
    kind: "gauge",
    unit: "bytes",
    origin: "keeper",
    everyS: 30,
    about: "Data of the database on disk.",
  },
  slow_queries: {
    kind: "count",
    unit: "queries",
    origin: "keeper",
    about: "Calls of statements whose mean is over 100 ms.",
  },
  archive_lag: {
    kind: "gauge",
    unit: "s",
    origin: "keeper",
    everyS: 30,
    across: "max",
    about: "Age of the oldest WAL that is not in the archive.",
  },
  replication_lag: {
    kind: "gauge",
    unit: "s",
    origin: "keeper",
    everyS: 30,
    across: "max",
    about: "How far the receiver of the archive is behind.",
  },
  backup_age: {
    kind: "gauge",
    unit: "s",
    origin: "keeper",
    everyS: 30,
    across: "max",
    about: "Age of the newest backup.",
  },
  schedule_lateness: {
    kind: "histogram",
    unit: "ms",
    origin: "control",
    detail: "schedule",
    about: "From a scheduled time to its first call, jitter included.",
  },
  schedule_failures: {
    kind: "count",
    unit: "runs",
    origin: "control",
    detail: "schedule",
    about: "Runs of schedules that failed, retries included.",
  },
  disk_used: {
    kind: "gauge",
    unit: "bytes",
    origin: "signals",
    everyS: 30,
    across: "max",
    about: "Used of the disk that holds the data directory.",
  },
  disk_size: {
    kind: "gauge",
    unit: "bytes",
    origin: "signals",
    everyS: 30,
    across: "max",
    about: "Size of the disk that holds the data directory.",
  },
  certificate_age: {
    kind: "gauge",
    unit: "s",
    origin: "edge",
    detail: "host",
    across: "max",
    about: "Age of the certificate; unknown where a proxy in front has it, as TLS is not served here.",
  },
  certificate_expiry: {
    kind: "gauge",
    unit: "s",
    origin: "edge",
    detail: "host",
    across: "min",
    about: "Time until the certificate expires; unknown as its age is.",
  },
  health_check: {
    kind: "gauge",
    unit: "passed",
    origin: "control",
    detail: "check",
    across: "min",
    about: "1 where a health check passed, 0 where it failed.",
  },
  health_check_latency: {
    kind: "histogram",
    unit: "ms",
    origin: "control",
    detail: "check",
    about: "How long health checks took.",
  },
  log_lines: { kind: "count", unit: "lines", origin: "host", about: "Lines that instances wrote." },
  log_lines_dropped: {
    kind: "count",
    unit: "lines",
    origin: "host",
    about: "Lines of a flood that were not kept.",
  },
  spend: {
    kind: "count",
    unit: "micro-USD",
    origin: "telemetry",
    detail: "provider",
    about: "What the app told it spent.",
  },
  tokens: {
    kind: "count",
    unit: "tokens",
    origin: "telemetry",
    detail: "provider",
    about: "Tokens of models that the app told it used.",
  },
  lcp: vital("ms", "Largest Contentful Paint, as browsers told it."),
  inp: vital("ms", "Interaction to Next Paint, as browsers told it."),
  cls: vital("score", "Cumulative Layout Shift, as browsers told it."),
  fcp: vital("ms", "First Contentful Paint, as browsers told it."),
  ttfb: vital("ms", "Time to First Byte, as browsers told it."),
  telemetry_refused: {
    ...{ kind: "count", unit: "records", origin: "telemetry", detail: "kind" },
    about: "Metrics, logs and traces that the app sent and that were not taken.",
  },
  heartbeat: {
    ...{ kind: "count", unit: "s", origin: "signals", detail: "origin" },
    about: "Seconds in which an origin measured, whether or not there was anything.",
  },
  signals_dropped: {
    ...{ kind: "count", unit: "samples", origin: "signals", detail: "reason" },
    about: "What was measured and not kept: `series_limit`, `name`, `value`, `clock`, `buffer`.",
  },
});

export type PlatformSignal = keyof typeof signalCatalogue;

/** Of a platform's signal; undefined for an app's own and for names that nobody defined. */
export const signalDefinition = (name: string): SignalDefinition | undefined =>
  Object.hasOwn(signalCatalogue, name) ? signalCatalogue[name as PlatformSignal] : undefined;

/** How the gauges of several details become one. */
export const gaugeAcross = (name: string): GaugeAcross =>
  name.startsWith(appSignalPrefix) ? "mean" : (signalDefinition(name)?.across ?? "sum");

export const appSignalPrefix = "app.";

/**
 * Series of its own that an app environment may have had within an hour: a name with its attributes, of one deployment. More are refused by the
 * intake of OpenTelemetry, which tells the sender, and by the store of signals.
 */
export const ownSeriesLimit = 2_000;

/** OpenTelemetry's SDKs tell metrics once a minute, if nothing else is said, and not to the second. */
const appLevelHoldsS = 65;

/** For how long a level that was looked at is the level, in seconds. */
export const levelHoldsS = (name: string): number =>
  name.startsWith(appSignalPrefix) ? appLevelHoldsS : (signalDefinition(name)?.everyS ?? 1);
