import type { ErrorJson } from "../errors.ts";
import type { EnvironmentName } from "../serving/serving-state.ts";
import type { Span } from "./span.ts";

/**
 * The process of telemetry (`run/telemetry.sock`, HTTP, for root alone).
 *
 * - `POST /otlp/v1/{metrics,logs,traces}` and `/beacons/…` come through the edges, which have found out whose they are and say so in
 *   `telemetryOwnerHeader`; what clients say of it never gets here.
 * - `POST /spans`: `SpanBatch[]` of edges and host.
 * - `POST /query`: a `TelemetryRequest` of control, answered by a `TelemetryReply`.
 */
export const telemetryPaths = {
  otlp: "/otlp",
  beacons: "/beacons",
  spans: "/spans",
  query: "/query",
} as const;

/** `<app>/<environment>/<deployment>`; set by edges. */
export const telemetryOwnerHeader = "x-evenkeel-telemetry-owner";

export interface TelemetryOwner {
  app: string;
  environment: EnvironmentName;
}

/** A window of time, epoch milliseconds. */
export interface TelemetryWindow extends TelemetryOwner {
  fromMs: number;
  toMs: number;
}

export type TelemetryRequest =
  | { type: "trace"; id: string }
  | ({
      type: "traces";
      sinceMs: number;
      minDurationMs?: number;
      errors?: boolean;
      limit: number;
    } & TelemetryOwner)
  | ({ type: "analytics"; limit: number } & TelemetryWindow)
  | ({ type: "vitals"; device?: string } & TelemetryWindow)
  | ({ type: "intake" } & TelemetryOwner)
  | ({ type: "cost" } & TelemetryWindow)
  | ({ type: "set_budget"; budget: Budget } & TelemetryOwner)
  | ({ type: "remove_budget"; provider: string; kind: Budget["kind"] } & TelemetryOwner)
  | { type: "set_price"; price: Price }
  | { type: "prices" }
  /** Every budget, with its level where one was told in its period. */
  | { type: "budget_states" }
  /** Spans that are to be sent on: up to `limit` behind number `after`, which ends what came before it. The first request of a reader begins the queue. */
  | { type: "queued_spans"; reader: string; after: number; limit: number }
  | { type: "end_queue"; reader: string }
  /** Forgets all of an app. */
  | { type: "remove"; app: string };

/** Answers `queued_spans`. */
export interface QueuedSpans {
  spans: (TelemetryOwner & { deployment: string | null; seq: number; span: Span })[];
  /** The number to go on behind. */
  seq: number;
  /** Spans that went because they waited too long, since the last request. */
  lost: number;
}

export type TelemetryReply = { error: ErrorJson } | { error?: undefined; answer: unknown };

export interface FoundTrace extends TelemetryOwner {
  traceId: string;
  deployment: string | null;
  spans: Span[];
}

/** What a provider takes for what apps use of it. */
export interface Price {
  provider: string;
  /** A model, a kind of call; `*`: every one that has no price of its own. */
  item: string;
  unit: string;
  usd: number;
  /** For so many units. */
  per: number;
}

/** What an app environment may spend, or how fast it may use tokens. */
export interface Budget {
  /** `""`: all of them together. */
  provider: string;
  /** USD of a day or a month (UTC); tokens of a minute. */
  kind: "day" | "month" | "tokens_per_minute";
  most: number;
  /** From this share of it on there is an alert. */
  alertShare: number;
}

export interface BudgetAlert {
  provider: string;
  kind: Budget["kind"];
  level: "near" | "exceeded";
  /** When the day, month or minute began. */
  periodMs: number;
  atMs: number;
  most: number;
  /** When it was told. */
  actual: number;
}

/** Answers `budget_states`. */
export interface BudgetState extends TelemetryOwner {
  provider: string;
  kind: Budget["kind"];
  most: number;
  /** Absent: all is well. A rate of tokens is told of for two minutes. */
  level?: BudgetAlert["level"];
  /** When it was told. */
  actual?: number;
}

export interface CostReport {
  /** The dearest first. `unpriced`: how much of the quantity had no price. */
  spending: {
    provider: string;
    item: string;
    unit: string;
    quantity: number;
    microUsd: number;
    unpriced: number;
  }[];
  /** With what was used of them in the period now. */
  budgets: (Budget & { actual: number })[];
  /** Newest first. */
  alerts: BudgetAlert[];
}

/** What came of an app environment's own telemetry since the process began. */
export interface IntakeReport {
  sinceMs: number;
  kinds: Record<"metrics" | "logs" | "traces", { accepted: number; rejected: number; lastReason?: string }>;
  /** Series that its metrics have now. */
  series: number;
}
