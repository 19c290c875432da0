import type { ErrorJson } from "../errors.ts";
import type { GaugeAcross, SignalKind, SignalOrigin } from "./catalogue.ts";
import type { HistogramJson } from "./histogram.ts";
import type { SignalScope } from "./signal-scope.ts";

/**
 * The socket of signals (`run/signals.sock`, one JSON value a line). Both roles may be played on one connection.
 *
 * **Sources** (edges, host, keeper, control) send what they measured: one `batch` for each second in which they did, and one every few
 * seconds in which nothing was measured, as a sign of life. Batches of a source are numbered; the process answers `ack` once it has
 * written one, and `hello` with the number it has of that source, so that after a loss of either side the source sends the rest and
 * nothing is counted twice.
 *
 * **Readers** send `query`, `catalogue`, `subscribe`; each has an `id` of the reader's choosing, which the answers repeat.
 */
export type ToSignals =
  | { type: "hello"; source: SignalSourceName }
  | SignalBatch
  | { type: "query"; id: number; query: SignalQuery }
  | { type: "catalogue"; id: number; app: string; environment?: string }
  /** All app environments of which something was measured in the newest `windowMs` (1,000 to 600,000). */
  | { type: "overview"; id: number; windowMs: number }
  /** Totals and levels as scrapers read them; absent `apps`: all, and the platform itself. */
  | { type: "exposition"; id: number; format: Exposition; apps?: string[] }
  /** All that was measured in the minute that began at `atMs`: sums, last levels, distributions. */
  | { type: "minute"; id: number; atMs: number }
  | { type: "subscribe"; id: number; filter: SignalFilter }
  | { type: "unsubscribe"; id: number };

export type FromSignals =
  /** Batches up to `seq` are kept. Answers `hello`, and follows batches. */
  | { type: "ack"; seq: number }
  | { type: "answer"; id: number; answer: SignalAnswer }
  | { type: "catalogue"; id: number; signals: KnownSignal[] }
  | { type: "overview"; id: number; overview: SignalOverview }
  | { type: "exposition"; id: number; text: string }
  | { type: "minute"; id: number; samples: SignalSample[] }
  | ({ type: "second"; id: number } & SignalSecond)
  | { type: "error"; id: number; error: ErrorJson };

/** Prometheus' text format 0.0.4, or OpenMetrics 1.0. */
export type Exposition = "prometheus" | "openmetrics";

export interface SignalSourceName {
  origin: SignalOrigin;
  /** `edge-0`, `host`. */
  name: string;
  /** Of one process's life, since its numbers begin at 1: its start, its pid. */
  run: string;
}

export interface SignalBatch {
  type: "batch";
  /** Of this source; 1, 2, … */
  seq: number;
  /** The second, in milliseconds since the epoch, a multiple of 1,000. */
  atMs: number;
  /** The source measured for so long until the end of that second without a gap; 1,000 at least. */
  coversMs: number;
  samples: SignalSample[];
  /** Batches before this one that a full buffer has thrown away. */
  lost?: number;
}

/** What was measured of one scope in one second, by name of the signal. */
export interface SignalSample extends SignalScope {
  counts?: Record<string, number>;
  gauges?: Record<string, number>;
  histograms?: Record<string, HistogramJson>;
}

export interface SignalQuery {
  app: string;
  environment: string;
  signal: string;
  /** Absent: all of the environment. */
  deployment?: string;
  detail?: string;
  /** One series for each; absent: one for all. */
  by?: "deployment" | "detail";
  /** How levels of several series make one; absent: as the catalogue says. */
  across?: GaugeAcross;
  /** From the bucket that begins at or before `fromMs`, to the one that begins before `toMs`. */
  fromMs: number;
  toMs: number;
  /** Width of the buckets, a multiple of 1,000; raised to what is still kept of that time. 0: one bucket for the whole time. */
  stepMs: number;
  /** For histograms: tell these (0 to 1) instead of the whole distribution. */
  percentiles?: number[];
}

export interface SignalAnswer {
  signal: string;
  kind: SignalKind;
  unit: string;
  /** Beginning of the first bucket. */
  fromMs: number;
  stepMs: number;
  /** Empty where nothing was ever measured. */
  series: SignalSeries[];
}

export interface SignalSeries {
  deployment?: string;
  detail?: string;
  /** One for each step. `null` is unknown: nobody measured. Zero is what was measured as zero. */
  points: (SignalPoint | null)[];
}

/** By kind: a sum; a level; a distribution, or percentiles of it. */
export type SignalPoint = number | GaugePoint | HistogramJson | PercentilesPoint;

export interface GaugePoint {
  /** Over time. */
  mean: number;
  least: number;
  greatest: number;
  last: number;
}

export interface PercentilesPoint {
  count: number;
  mean: number;
  greatest: number;
  /** As asked, in the order they were asked; empty where `count` is 0. */
  percentiles: number[];
}

export interface KnownSignal {
  signal: string;
  kind: SignalKind;
  unit: string;
  about?: string;
  environment: string;
  /** When it was measured last. */
  lastMs: number;
  /** How many series of it there are. */
  series: number;
}

export interface SignalOverview {
  atMs: number;
  windowMs: number;
  /** Who measures at this moment. */
  live: SignalOrigin[];
  /** Why signals are kept in memory only; absent where they are kept on disk. */
  diskFault?: string;
  /** In the order of their names. */
  rows: SignalOverviewRow[];
}

/** One app environment. What was not measured in the window is absent. */
export interface SignalOverviewRow {
  app: string;
  environment: string;
  /** Sums of the window. */
  counts: Record<string, number>;
  /** Means of the window, put together as the catalogue says. */
  gauges: Record<string, number>;
  /** Of the window. */
  histograms: Record<string, PercentilesPoint>;
}

/** Absent: every one. */
export interface SignalFilter {
  app?: string;
  environment?: string;
  signals?: string[];
}

/** One second as it was measured by all sources; told about a second after it has ended. What comes later is found by a query only. */
export interface SignalSecond {
  atMs: number;
  /** Origins that measured in it: what they did not count is zero. */
  live: SignalOrigin[];
  samples: SignalSample[];
}
