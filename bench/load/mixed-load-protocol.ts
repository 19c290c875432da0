/** How `rollback` drives the load, one JSON value a line: its standard input and output. */
export type ToMixedLoad =
  /** What has to answer from now on; `null` while a switch is under way and either version may. Acknowledged before anything follows. */
  | { type: "expect"; version: string | null }
  /** Finishes what is in flight, reports and ends. */
  | { type: "finish" };

export type FromMixedLoad = { type: "ready" } | { type: "ack" } | { type: "report"; report: MixedLoadReport };

export interface MixedLoadSettings {
  port: number;
  host: string;
  requestsPerSecond: number;
}

export const requestKinds = ["kept", "fresh", "events", "upload"] as const;
export type RequestKind = (typeof requestKinds)[number];

export interface MixedLoadReport {
  requests: Record<RequestKind, number>;
  failed: number;
  /** Answered by another version than the one that was confirmed before the request began, with no switch begun since. */
  stale: number;
  /** Of requests whose answer was checked for staleness. */
  checked: number;
  /** The first few, in words. */
  failures: string[];
}
