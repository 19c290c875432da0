import { otlpAttributes } from "@evenkeel/logs/drains/otlp-shipper";
import type { Span, SpanKind } from "@evenkeel/model/link/span";
import type { QueuedSpans } from "@evenkeel/model/link/telemetry-protocol";
import { resourceOf } from "./metrics-export.ts";

const kinds: Record<SpanKind, number> = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 };
const statuses: Record<Span["status"], number> = { unset: 0, ok: 1, error: 2 };

/** `ExportTraceServiceRequest` in JSON. Spans of edges and functions have the app's resource, with their own part as its scope. */
export function tracesExport(spans: QueuedSpans["spans"]): object {
  const groups = Map.groupBy(spans, ({ app, environment, deployment, span }) =>
    JSON.stringify([app, environment, deployment, span.service]),
  );
  return {
    resourceSpans: [...groups.values()].map((group) => ({
      resource: { attributes: otlpAttributes(resourceOf(group[0]!)) },
      scopeSpans: [
        {
          scope: { name: `evenkeel/${group[0]!.span.service}` },
          spans: group.map(({ span }) => spanOf(span)),
        },
      ],
    })),
  };
}

function spanOf({
  traceId,
  spanId,
  parentId,
  name,
  kind,
  startMs,
  durationMs,
  status,
  message,
  attributes,
  events = [],
}: Span): object {
  return {
    ...{ traceId, spanId, name, kind: kinds[kind] },
    ...(parentId === "" ? {} : { parentSpanId: parentId }),
    startTimeUnixNano: nanos(startMs),
    endTimeUnixNano: nanos(startMs + durationMs),
    attributes: otlpAttributes(attributes),
    events: events.map((event) => ({
      timeUnixNano: nanos(event.atMs),
      name: event.name,
      attributes: otlpAttributes(event.attributes),
    })),
    status: { code: statuses[status], ...(message === undefined ? {} : { message }) },
  };
}

/** Milliseconds have fractions here, of which a double of today has a quarter of a microsecond. */
const nanos = (ms: number): string =>
  `${BigInt(Math.trunc(ms)) * 1_000_000n + BigInt(Math.round((ms % 1) * 1e6))}`;
