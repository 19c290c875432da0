/**
 * Decoded OTLP. A field that was not sent reads as its default (0, "", []), except members of a `oneof` and those marked `?`. 64-bit numbers are
 * `Long`s; `toNumber` reads them.
 */
export type Long = number | string | { toNumber(): number };

/** Exact up to 2^53: nanoseconds of today are exact to a quarter of a microsecond. */
export const toNumber = (value: Long): number =>
  typeof value === "object" ? value.toNumber() : Number(value);

/** Epoch nanoseconds as epoch milliseconds. */
export const nanosToMs = (nanos: Long): number => toNumber(nanos) / 1e6;

export interface AnyValue {
  /** Which one is set. */
  value?:
    | "stringValue"
    | "boolValue"
    | "intValue"
    | "doubleValue"
    | "arrayValue"
    | "kvlistValue"
    | "bytesValue";
  stringValue: string;
  boolValue: boolean;
  intValue: Long;
  doubleValue: number;
  arrayValue: { values: AnyValue[] };
  kvlistValue: { values: KeyValue[] };
  bytesValue: Uint8Array;
}

export interface KeyValue {
  key: string;
  value: AnyValue | null;
}

export interface Resource {
  attributes: KeyValue[];
}

export interface Scope {
  name: string;
  version: string;
}

export interface TracesRequest {
  resourceSpans: { resource: Resource | null; scopeSpans: { scope: Scope | null; spans: OtlpSpan[] }[] }[];
}

export interface OtlpSpan {
  traceId: Uint8Array;
  spanId: Uint8Array;
  parentSpanId: Uint8Array;
  name: string;
  kind: number;
  startTimeUnixNano: Long;
  endTimeUnixNano: Long;
  attributes: KeyValue[];
  events: { timeUnixNano: Long; name: string; attributes: KeyValue[] }[];
  links: { traceId: Uint8Array; spanId: Uint8Array }[];
  status: { message: string; code: number } | null;
}

export interface MetricsRequest {
  resourceMetrics: {
    resource: Resource | null;
    scopeMetrics: { scope: Scope | null; metrics: Metric[] }[];
  }[];
}

export interface Metric {
  name: string;
  unit: string;
  data?: "gauge" | "sum" | "histogram" | "exponentialHistogram" | "summary";
  gauge: { dataPoints: NumberDataPoint[] };
  sum: { dataPoints: NumberDataPoint[]; aggregationTemporality: number; isMonotonic: boolean };
  histogram: { dataPoints: HistogramDataPoint[]; aggregationTemporality: number };
  exponentialHistogram: { dataPoints: ExponentialDataPoint[]; aggregationTemporality: number };
  summary: { dataPoints: DataPoint[] };
}

export interface DataPoint {
  startTimeUnixNano: Long;
  timeUnixNano: Long;
  attributes: KeyValue[];
  /** 1: nothing was recorded; the point only ends the series. */
  flags: number;
}

export interface NumberDataPoint extends DataPoint {
  value?: "asDouble" | "asInt";
  asDouble: number;
  asInt: Long;
}

export interface HistogramDataPoint extends DataPoint {
  count: Long;
  sum?: number;
  min?: number;
  max?: number;
  bucketCounts: Long[];
  explicitBounds: number[];
}

export interface ExponentialDataPoint extends DataPoint {
  count: Long;
  sum?: number;
  min?: number;
  max?: number;
  scale: number;
  zeroCount: Long;
  zeroThreshold: number;
  positive: { offset: number; bucketCounts: Long[] } | null;
  negative: { offset: number; bucketCounts: Long[] } | null;
}

export interface LogsRequest {
  resourceLogs: {
    resource: Resource | null;
    scopeLogs: { scope: Scope | null; logRecords: LogRecord[] }[];
  }[];
}

export interface LogRecord {
  timeUnixNano: Long;
  observedTimeUnixNano: Long;
  severityNumber: number;
  severityText: string;
  body: AnyValue | null;
  attributes: KeyValue[];
  traceId: Uint8Array;
  spanId: Uint8Array;
  eventName: string;
}

export interface OtlpRequests {
  metrics: MetricsRequest;
  logs: LogsRequest;
  traces: TracesRequest;
}
