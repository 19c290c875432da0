import type { Span, SpanKind } from "@evenkeel/model/link/span";
import { type Cleaner, cleanText, cut, noCleaner, readAttributes, textOf } from "./attributes.ts";
import type { Rejected } from "./encode-export.ts";
import { nanosToMs, type OtlpSpan, type TracesRequest } from "./otlp-types.ts";

const kinds: SpanKind[] = ["internal", "internal", "server", "client", "producer", "consumer"];
const nameLimit = 256;
const eventLimit = 32;

export interface ReadSpans {
  spans: Span[];
  rejected: Rejected;
}

/**
 * The spans of an export. Those without ids, without a time, or from another time than now are refused: they could not be found again.
 *
 * @param nowMs epoch milliseconds
 * @param limit of spans; those beyond it are refused
 * @param cleaner takes the sender's secrets out
 */
export function readSpans(
  request: TracesRequest,
  nowMs: number,
  limit: number,
  cleaner: Cleaner = noCleaner,
): ReadSpans {
  const spans: Span[] = [];
  const refusals = new Map<string, number>();
  const refuse = (why: string) => refusals.set(why, (refusals.get(why) ?? 0) + 1);
  for (const { resource, scopeSpans } of request.resourceSpans) {
    const attributes = readAttributes(resource?.attributes ?? [], cleaner);
    const service = cut(textOf(attributes, "service.name") ?? "app", nameLimit);
    for (const { spans: sent } of scopeSpans) {
      for (const span of sent) {
        const tooMany = spans.length >= limit ? `more than ${limit} spans at once` : undefined;
        const wrong = whatIsWrong(span, nowMs) ?? tooMany;
        if (wrong === undefined) spans.push(readSpan(span, service, cleaner));
        else refuse(wrong);
      }
    }
  }
  return { spans, rejected: summarise(refusals) };
}

/** One sentence for the sender. */
export function summarise(refusals: ReadonlyMap<string, number>): Rejected {
  let count = 0;
  for (const number of refusals.values()) count += number;
  return { count, message: [...refusals].map(([why, number]) => `${number} refused: ${why}`).join("; ") };
}

/** How far a sender's clock may be off, or a span be late. */
const pastLimitMs = 24 * 3_600_000;
const futureLimitMs = 3_600_000;

function whatIsWrong(span: OtlpSpan, nowMs: number): string | undefined {
  if (!isId(span.traceId, 16)) return "no valid trace id";
  if (!isId(span.spanId, 8)) return "no valid span id";
  const startMs = nanosToMs(span.startTimeUnixNano);
  const endMs = nanosToMs(span.endTimeUnixNano);
  if (!(startMs > 0) || !(endMs >= startMs)) return "it ends before it begins, or has no time";
  if (startMs < nowMs - pastLimitMs) return "it began more than a day ago";
  if (endMs > nowMs + futureLimitMs) return "it ends more than an hour from now";
  return undefined;
}

const isId = (bytes: Uint8Array, length: number): boolean =>
  bytes.length === length && bytes.some((byte) => byte !== 0);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function readSpan(span: OtlpSpan, service: string, cleaner: Cleaner): Span {
  const startMs = nanosToMs(span.startTimeUnixNano);
  const code = span.status?.code ?? 0;
  const events = span.events.slice(0, eventLimit).map(({ timeUnixNano, name, attributes }) => ({
    atMs: nanosToMs(timeUnixNano),
    name: cleanText(name, nameLimit, cleaner),
    attributes: readAttributes(attributes, cleaner),
  }));
  return {
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentId: isId(span.parentSpanId, 8) ? hex(span.parentSpanId) : "",
    name: cleanText(span.name === "" ? "unnamed" : span.name, nameLimit, cleaner),
    kind: kinds[span.kind] ?? "internal",
    service,
    startMs,
    durationMs: nanosToMs(span.endTimeUnixNano) - startMs,
    status: code === 2 ? "error" : code === 1 ? "ok" : "unset",
    ...(code === 2 && span.status?.message
      ? { message: cleanText(span.status.message, 1_024, cleaner) }
      : {}),
    attributes: readAttributes(span.attributes, cleaner),
    ...(events.length > 0 ? { events } : {}),
  };
}
