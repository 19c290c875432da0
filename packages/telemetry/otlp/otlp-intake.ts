import { gunzipSync } from "node:zlib";
import type { Span } from "@evenkeel/model/link/span";
import type { IntakeReport, TelemetryOwner } from "@evenkeel/model/link/telemetry-protocol";
import { OtlpMalformedError } from "../errors.ts";
import { otlpBodyBytes, RateLimit } from "../intake-limits.ts";
import type { Cleaner } from "./attributes.ts";
import { decodeExport, type OtlpEncoding } from "./decode-export.ts";
import { encodeFailure, encodeResponse, type Rejected } from "./encode-export.ts";
import { type Measurement, MetricSeries, type MetricSeriesOptions } from "./metric-series.ts";
import type { OtlpKind } from "./otlp-schema.ts";
import type { LogsRequest, MetricsRequest, TracesRequest } from "./otlp-types.ts";
import { type AppLogRecord, readLogs } from "./read-logs.ts";
import { type ReadMetrics, readMetrics } from "./read-metrics.ts";
import { type ReadSpans, readSpans, summarise } from "./read-spans.ts";

export interface OtlpSender extends TelemetryOwner {
  deployment: string;
}

/** Where what apps send goes. Each gives how many it did not take, and why. */
export interface OtlpSinks {
  measurements(sender: OtlpSender, measurements: Measurement[], nowMs: number): Promise<void>;
  /** Resolves when they are written down. */
  logs(sender: OtlpSender, records: AppLogRecord[]): Promise<Rejected>;
  spans(sender: OtlpSender, spans: Span[]): Rejected;
  /** Records, or a body of unknown content, were not taken. */
  refused(sender: OtlpSender, kind: OtlpKind, count: number): void;
}

export interface OtlpRequest {
  kind: OtlpKind;
  contentType: string;
  contentEncoding: string;
  body: Uint8Array;
}

export interface OtlpAnswer {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
}

/** What a body may become. */
const unpackedBytes = 16 * 1024 * 1024;
const spansAtOnce = 5_000;

interface State {
  series: MetricSeries;
  report: IntakeReport["kinds"];
}

/**
 * Takes OTLP/HTTP of apps (https://opentelemetry.io/docs/specs/otlp/#otlphttp): protobuf and JSON, gzip, partial success. What one app sends
 * too much is refused to it alone: bytes and records by rate, series by number.
 */
export class OtlpIntake {
  private readonly states = new Map<string, State>();
  private readonly bornMs: number;
  /** Decoding is what costs, by unpacked bytes. */
  private readonly bytes = new RateLimit(4 * 1024 * 1024, 64 * 1024 * 1024);

  constructor(
    private readonly sinks: OtlpSinks,
    private readonly options: { nowMs?: number; series?: MetricSeriesOptions } = {},
  ) {
    this.bornMs = options.nowMs ?? Date.now();
  }

  /** @param cleaner takes the sender's secrets out of what is read */
  async take(
    sender: OtlpSender,
    { kind, contentType, contentEncoding, body }: OtlpRequest,
    nowMs: number,
    cleaner: Cleaner,
  ): Promise<OtlpAnswer> {
    const encoding = encodingOf(contentType);
    if (!encoding) {
      return plain(415, "OTLP is application/x-protobuf or application/json");
    }
    const state = this.stateOf(sender);
    const refuse = (status: number, reason: string, headers: Record<string, string> = {}): OtlpAnswer => {
      state.report[kind].lastReason = reason;
      this.sinks.refused(sender, kind, 1);
      return answer(status, encoding, encodeFailure(encoding, reason), headers);
    };
    if (body.length > otlpBodyBytes) return refuse(413, `a body may have ${otlpBodyBytes} bytes`);
    let bytes: Uint8Array;
    try {
      bytes = unpack(contentEncoding, body);
    } catch (error) {
      if (error instanceof TypeError) return refuse(415, error.message);
      if ((error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE") {
        return refuse(413, `a body may have ${unpackedBytes} bytes when it is unpacked`);
      }
      return refuse(400, "the body is no gzip");
    }
    if (!this.bytes.take(keyOf(sender), bytes.length, nowMs)) {
      return refuse(429, "this app environment sends more than 4 MiB a second", { "retry-after": "5" });
    }
    try {
      const rejected = await this.takeDecoded(sender, state, { kind, encoding, bytes }, nowMs, cleaner);
      if (rejected.message !== "") state.report[kind].lastReason = rejected.message;
      if (rejected.count > 0) this.sinks.refused(sender, kind, rejected.count);
      return answer(200, encoding, encodeResponse(kind, encoding, rejected));
    } catch (error) {
      if (error instanceof OtlpMalformedError) return refuse(400, error.message);
      throw error;
    }
  }

  report(owner: TelemetryOwner): IntakeReport {
    const { series, report } = this.stateOf(owner);
    return { sinceMs: this.bornMs, kinds: structuredClone(report), series: series.size };
  }

  remove(app: string): void {
    for (const key of this.states.keys()) if (key.startsWith(`${app}/`)) this.states.delete(key);
  }

  private async takeDecoded(
    sender: OtlpSender,
    state: State,
    { kind, encoding, bytes }: { kind: OtlpKind; encoding: OtlpEncoding; bytes: Uint8Array },
    nowMs: number,
    cleaner: Cleaner,
  ): Promise<Rejected> {
    const request = decodeExport(kind, encoding, bytes);
    const { accepted, rejected } =
      kind === "metrics"
        ? await this.takeMetrics(sender, state, readMetrics(request as MetricsRequest, cleaner), nowMs)
        : kind === "logs"
          ? await this.takeLogs(sender, readLogs(request as LogsRequest, nowMs, cleaner))
          : this.takeSpans(sender, readSpans(request as TracesRequest, nowMs, spansAtOnce, cleaner));
    state.report[kind].accepted += accepted;
    state.report[kind].rejected += rejected.count;
    return rejected;
  }

  private async takeMetrics(
    sender: OtlpSender,
    { series }: State,
    { points, refusals }: ReadMetrics,
    nowMs: number,
  ) {
    const measurements: Measurement[] = [];
    let accepted = 0;
    for (const point of points) {
      const measured = series.take(point, sender.deployment, nowMs);
      if (typeof measured === "string") refusals.set(measured, (refusals.get(measured) ?? 0) + 1);
      else {
        accepted++;
        if (measured) measurements.push(measured);
      }
    }
    if (measurements.length > 0) await this.sinks.measurements(sender, measurements, nowMs);
    return { accepted, rejected: summarise(refusals) };
  }

  private async takeLogs(sender: OtlpSender, records: AppLogRecord[]) {
    const rejected = await this.sinks.logs(sender, records);
    return { accepted: records.length - rejected.count, rejected };
  }

  private takeSpans(sender: OtlpSender, { spans, rejected: unread }: ReadSpans) {
    const rejected = this.sinks.spans(sender, spans);
    return { accepted: spans.length - rejected.count, rejected: both(unread, rejected) };
  }

  private stateOf(owner: TelemetryOwner): State {
    const key = keyOf(owner);
    let state = this.states.get(key);
    if (!state) {
      const none = () => ({ accepted: 0, rejected: 0 });
      state = {
        series: new MetricSeries(this.bornMs, this.options.series),
        report: { metrics: none(), logs: none(), traces: none() },
      };
      this.states.set(key, state);
    }
    return state;
  }
}

const keyOf = ({ app, environment }: TelemetryOwner): string => `${app}/${environment}`;

const both = (one: Rejected, other: Rejected): Rejected => ({
  count: one.count + other.count,
  message: [one.message, other.message].filter((message) => message !== "").join("; "),
});

function encodingOf(contentType: string): OtlpEncoding | undefined {
  const type = contentType.split(";")[0]!.trim().toLowerCase();
  return type === "application/x-protobuf" ? "protobuf" : type === "application/json" ? "json" : undefined;
}

/** @throws TypeError for another coding */
function unpack(contentEncoding: string, body: Uint8Array): Uint8Array {
  const coding = contentEncoding.trim().toLowerCase();
  if (coding === "" || coding === "identity") return body;
  if (coding !== "gzip") throw new TypeError(`the content-encoding ${JSON.stringify(coding)} is not gzip`);
  return gunzipSync(body, { maxOutputLength: unpackedBytes });
}

const answer = (
  status: number,
  encoding: OtlpEncoding,
  body: Uint8Array,
  headers: Record<string, string> = {},
): OtlpAnswer => ({
  status,
  headers: {
    "content-type": encoding === "json" ? "application/json" : "application/x-protobuf",
    ...headers,
  },
  body,
});

const plain = (status: number, text: string): OtlpAnswer => ({
  status,
  headers: { "content-type": "text/plain" },
  body: Buffer.from(`${text}\n`),
});
