import type { HostedDeployment, ServingEntry, ServingState } from "./serving-state.ts";

/**
 * Control's feed (`run/feed.sock`, one JSON value a line): how edges and the host learn what to serve.
 *
 * A subscriber says `hello` with the version it holds; control answers with the entries it lacks, or with a
 * `snapshot` where they are no longer kept. Each `entries`/`snapshot` is acknowledged once it is in force **in
 * memory**; subscribers persist it afterwards, since control can always tell it again. A release is
 * confirmed only when every connected edge has acknowledged its version.
 *
 * The subscriber `host` also gets `hosted` before the entry that first needs it.
 */
export type FeedFromControl =
  | { type: "snapshot"; state: ServingState; hosted?: HostedDeployment[] }
  | { type: "entries"; entries: ServingEntry[]; hosted?: HostedDeployment[] };

export type FeedToControl =
  | { type: "hello"; role: "edge" | "host"; name: string; version: number }
  | { type: "ack"; version: number }
  /** Once per second, only when something was counted. */
  | { type: "measures"; atMs: number; measures: EdgeMeasure[] };

/** Requests of one deployment in one second at one edge. */
export interface EdgeMeasure {
  deployment: string;
  /** Count by status class: index 0 is 1xx, 4 is 5xx. */
  statuses: [number, number, number, number, number];
  /** Latency histogram: counts of `latencyBucketsMs`. */
  latency: number[];
  requestBytes: number;
  responseBytes: number;
  prerenderHits: number;
  prerenderMisses: number;
}

/** Upper bounds of the latency buckets in milliseconds, 1.5 × apart; the last counts everything slower. */
export const latencyBucketsMs: readonly number[] = Array.from(
  { length: 36 },
  (_, index) => 0.1 * 1.5 ** index,
);
