import type { EnvironmentName } from "../serving/serving-state.ts";

export type SpanKind = "internal" | "server" | "client" | "producer" | "consumer";

/** A timed part of a trace (https://opentelemetry.io/docs/specs/otel/trace/api/#span), as it is stored and shown. */
export interface Span {
  /** 32 hex digits in lower case. */
  traceId: string;
  /** 16 hex digits. */
  spanId: string;
  /** `""`: nobody's child. */
  parentId: string;
  name: string;
  kind: SpanKind;
  /** Who made it: `edge`, `function`, or what the app calls itself (`service.name`). */
  service: string;
  /** Epoch milliseconds, with fractions, by the clock of whoever made it. */
  startMs: number;
  durationMs: number;
  status: "unset" | "ok" | "error";
  /** Of an error. */
  message?: string;
  attributes: Record<string, unknown>;
  events?: { atMs: number; name: string; attributes: Record<string, unknown> }[];
}

/** Spans that a process of the platform made itself, of one deployment. */
export interface SpanBatch {
  app: string;
  environment: EnvironmentName;
  deployment: string;
  spans: Span[];
}
