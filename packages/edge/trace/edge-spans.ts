import { webFunction, webProcess } from "@evenkeel/model";
import type { Span } from "@evenkeel/model/link/span";
import type { Exchange } from "../http/exchange.ts";
import type { RequestState } from "../serve/request-state.ts";
import { newSpanId, type RequestTrace, type TracedCall } from "./request-trace.ts";

/** An app that takes longer to begin its answer is worth a trace, in milliseconds. */
export const slowMs = 1_000;

/** Whether an unsampled request is kept all the same: it failed here or in the app, or its answer began late. */
export const isNotable = ({ calls }: RequestTrace, status: number): boolean =>
  status >= 500 || calls.some(({ beganMs, headMs }) => headMs - beganMs >= slowMs);

/** Waits shorter than this are none, in milliseconds. */
const worthTellingMs = 0.5;

const toEpoch = (ms: number): number => performance.timeOrigin + ms;

/** What the edge did for a request: one span for all of it, one for each call, and for each wait before one. */
export function edgeSpans(
  exchange: Exchange,
  state: RequestState,
  trace: RequestTrace,
  endMs: number,
): Span[] {
  const { traceId } = trace;
  const rootId = newSpanId();
  const { status, startedAtMs } = exchange;
  const spans: Span[] = [
    {
      ...{ traceId, spanId: rootId, parentId: trace.parentId, kind: "server", service: "edge" },
      name: `${exchange.method} ${exchange.path}`.slice(0, 256),
      startMs: toEpoch(startedAtMs),
      durationMs: Math.max(0, endMs - startedAtMs),
      status: status >= 500 || status === 0 ? "error" : "unset",
      ...(exchange.aborted
        ? { message: "The client left" }
        : state.failure && { message: state.failure.message }),
      // https://opentelemetry.io/docs/specs/semconv/http/http-spans/
      attributes: {
        "http.request.method": exchange.method,
        "http.response.status_code": status,
        "url.path": exchange.path.slice(0, 1_024),
        "server.address": exchange.host,
        "evenkeel.request_id": state.requestId,
        "evenkeel.deployment": state.deployment.id,
        ...(state.failure && { "error.type": state.failure.code }),
      },
    },
  ];
  for (const call of trace.calls) spans.push(...callSpans(exchange, call, rootId, endMs));
  return spans;
}

function callSpans(exchange: Exchange, call: TracedCall, rootId: string, endMs: number): Span[] {
  const { trace, beganMs, sentMs, headMs, failure } = call;
  const base = { traceId: trace.traceId, parentId: rootId, service: "edge" } as const;
  const spans: Span[] = [];
  const waitedMs = (sentMs || endMs) - beganMs;
  if (waitedMs >= worthTellingMs) {
    spans.push({
      ...{
        ...base,
        spanId: newSpanId(),
        kind: "internal",
        name: call.isColdStart ? "cold start" : "wait for an instance",
      },
      ...{ startMs: toEpoch(beganMs), durationMs: waitedMs, status: sentMs === 0 ? "error" : "unset" },
      attributes: { "evenkeel.attempts": call.attempts },
    });
  }
  if (sentMs === 0) return spans;
  // Nobody stands beside a process as the launcher does beside a function: its time is what it took as seen from here.
  const isProcess = call.name === webFunction;
  spans.push({
    ...{ ...base, spanId: call.spanId },
    ...(isProcess
      ? { kind: "server", service: webProcess, name: `${exchange.method} ${exchange.path}`.slice(0, 256) }
      : { kind: "client", name: `call ${call.name}` }),
    startMs: toEpoch(sentMs),
    durationMs: Math.max(0, (call.endMs || endMs) - sentMs),
    status: failure === undefined ? "unset" : "error",
    ...(failure === undefined ? {} : { message: failure }),
    attributes: {
      ...(call.instance === undefined ? {} : { "evenkeel.instance": call.instance }),
      ...(headMs === 0 ? {} : { "evenkeel.first_byte_ms": Math.round((headMs - sentMs) * 100) / 100 }),
    },
  });
  return spans;
}
