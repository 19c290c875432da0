import {
  type Attributes,
  type AttributeValue,
  type Cleaner,
  cleanText,
  noCleaner,
  readAttributes,
  readValue,
  textOf,
} from "./attributes.ts";
import { type LogsRequest, nanosToMs } from "./otlp-types.ts";

export interface AppLogRecord {
  /** Epoch milliseconds: the app's time, or ours where it gave none. */
  atMs: number;
  /** `trace` … `fatal` by OpenTelemetry's ranges; undefined where the app gave none. */
  level?: "trace" | "debug" | "info" | "warn" | "error" | "fatal";
  /** What the app calls its severity; `""`: nothing. */
  severity: string;
  body: AttributeValue;
  service?: string;
  traceId?: string;
  spanId?: string;
  attributes: Attributes;
}

/** A line of output may be as long. */
const bodyLimit = 64 * 1024;

const levels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

/** https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber: four numbers a level, beginning with 1. */
const levelOf = (severity: number) =>
  severity >= 1 && severity <= 24 ? levels[Math.floor((severity - 1) / 4)] : undefined;

/** The log records of an export. A time that lies far from ours is the observer's or ours: a line has to be found where it is looked for. */
export function readLogs(request: LogsRequest, nowMs: number, cleaner: Cleaner = noCleaner): AppLogRecord[] {
  const records: AppLogRecord[] = [];
  for (const { resource, scopeLogs } of request.resourceLogs) {
    const service = textOf(readAttributes(resource?.attributes ?? [], cleaner), "service.name");
    for (const { logRecords } of scopeLogs) {
      for (const record of logRecords) {
        const level = levelOf(record.severityNumber);
        const attributes = readAttributes(record.attributes, cleaner);
        if (record.eventName !== "") attributes["event.name"] = cleanText(record.eventName, 256, cleaner);
        const times = [record.timeUnixNano, record.observedTimeUnixNano].map(nanosToMs);
        records.push({
          atMs: times.find((ms) => ms > nowMs - 24 * 3_600_000 && ms < nowMs + 60_000) ?? nowMs,
          ...(level === undefined ? {} : { level }),
          severity: cleanText(record.severityText, 64, cleaner),
          body: (record.body && readValue(record.body, cleaner, bodyLimit)) ?? "",
          ...(service === undefined ? {} : { service }),
          ...(record.traceId.length === 16 ? { traceId: Buffer.from(record.traceId).toString("hex") } : {}),
          ...(record.spanId.length === 8 ? { spanId: Buffer.from(record.spanId).toString("hex") } : {}),
          attributes,
        });
      }
    }
  }
  return records;
}
