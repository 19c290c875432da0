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
  | { type: "ack"; version: number };
