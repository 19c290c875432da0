import type { AppName } from "@evenkeel/model";
import type { LogLevel } from "../line/log-level.ts";
import type { LogLine } from "../line/log-line.ts";
import type { DrainShipper, DrainTarget } from "./drain.ts";
import { post } from "./post.ts";

/** https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber */
const severities: Record<LogLevel, number> = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 };

export function otlpShipper(target: DrainTarget): DrainShipper {
  const url = new URL(target.url);
  if (!url.pathname.endsWith("/v1/logs")) url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/logs`;
  return {
    settleMs: 0,
    async send(lines, app) {
      await post(url, target, "application/json", JSON.stringify(logsExport(lines, app)));
    },
    check() {},
    close() {},
  };
}

/** `ExportLogsServiceRequest` in the JSON form of protobuf. */
export function logsExport(lines: LogLine[], app: AppName): object {
  const byDeployment = Map.groupBy(lines, ({ deployment, environment }) => `${environment} ${deployment}`);
  return {
    resourceLogs: [...byDeployment.values()].map((group) => {
      const { environment, deployment } = group[0]!;
      return {
        resource: {
          attributes: otlpAttributes({
            "service.name": app,
            "deployment.environment.name": environment,
            "deployment.id": deployment,
          }),
        },
        scopeLogs: [{ scope: { name: "evenkeel" }, logRecords: group.map(logRecord) }],
      };
    }),
  };
}

function logRecord(line: LogLine): object {
  const timeUnixNano = `${Math.round(line.atMs)}000000`;
  const { fields = {}, requestId, instance, function: calledFunction, process, stream, build, id } = line;
  const { traceId, spanId, ...others } = fields as Record<string, unknown>;
  return {
    timeUnixNano,
    observedTimeUnixNano: timeUnixNano,
    severityNumber: severities[line.level],
    severityText: line.level.toUpperCase(),
    body: { stringValue: line.text },
    ...(isHex(traceId, 32) && { traceId }),
    ...(isHex(spanId, 16) && { spanId }),
    attributes: otlpAttributes({
      ...others,
      ...{ "log.record.uid": id, "log.iostream": stream, "http.request.id": requestId, process },
      ...{ "service.instance.id": instance, "faas.name": calledFunction, build },
    }),
  };
}

const isHex = (value: unknown, length: number): boolean =>
  typeof value === "string" && value.length === length && /^[0-9a-f]+$/.test(value);

/** Attributes in the JSON form of protobuf; what is null or undefined is left out. */
export const otlpAttributes = (values: Record<string, unknown>): object[] =>
  Object.entries(values).flatMap(([key, value]) =>
    value === undefined || value === null ? [] : [{ key, value: anyValue(value) }],
  );

function anyValue(value: unknown): object {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number")
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (Array.isArray(value))
    return { arrayValue: { values: value.filter((item) => item !== null).map(anyValue) } };
  return { kvlistValue: { values: otlpAttributes(value as Record<string, unknown>) } };
}
