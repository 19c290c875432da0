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
  /** Forgets all of an app. */
  | { type: "remove"; app: string };

export type TelemetryReply = { error: ErrorJson } | { error?: undefined; answer: unknown };

export interface FoundTrace extends TelemetryOwner {
  traceId: string;
  deployment: string | null;
  spans: Span[];
}

/** What came of an app environment's own telemetry since the process began. */
export interface IntakeReport {
  sinceMs: number;
  kinds: Record<"metrics" | "logs" | "traces", { accepted: number; rejected: number; lastReason?: string }>;
  /** Series that its metrics have now. */
  series: number;
}
