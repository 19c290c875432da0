import { type LogLevel, levelOfText, readLevel } from "../line/log-level.ts";
import { canonicalField } from "./field-names.ts";

/** What a line says of itself. */
export interface StructuredLine {
  text: string;
  /** Undefined: it does not say. */
  level: LogLevel | undefined;
  requestId: string;
  /** What is left; undefined where nothing is. */
  fields: Record<string, unknown> | undefined;
}

/** Longer JSON is text like any other: nobody's log line, and slow to read. */
const longestJson = 128 * 1024;

/** Names of the time are left out: the platform writes its own, by one clock. */
const levelNames = ["level", "severity", "lvl", "loglevel", "log.level"];
const textNames = ["msg", "message", "event", "text"];
const timeNames = new Set(["time", "timestamp", "@timestamp", "ts"]);

/**
 * Reads a line that pino, bunyan, winston, structlog, zap or loguru (`serialize=True`) wrote as JSON; any other line is text, with
 * a level if it begins with one.
 */
export function readStructuredLine(line: string): StructuredLine {
  const object = readObject(line);
  if (!object) return { text: line, level: levelOfText(line), requestId: "", fields: undefined };
  const record = object["record"];
  if (typeof record === "object" && record !== null && typeof object["text"] === "string") {
    return fromLoguru(record as Record<string, unknown>);
  }
  return fromFields(object);
}

function readObject(line: string): Record<string, unknown> | undefined {
  if (line.charCodeAt(0) !== 123 || line.length > longestJson || !line.trimEnd().endsWith("}"))
    return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/**
 * Of an object that is nobody else's: what has a place of its own is taken out of it.
 *
 * @param hasText the line's words stand elsewhere, so all of the object are fields
 */
export function fromFields(object: Record<string, unknown>, hasText = false): StructuredLine {
  let level: LogLevel | undefined;
  for (const name of levelNames) {
    level = readLevel(object[name]);
    if (level === undefined) continue;
    delete object[name];
    break;
  }
  let text: string | undefined;
  for (const name of hasText ? [] : textNames) {
    if (typeof object[name] !== "string") continue;
    text = object[name];
    delete object[name];
    break;
  }
  const fields: Record<string, unknown> = {};
  let requestId = "";
  let count = 0;
  for (const name in object) {
    const value = object[name];
    if (timeNames.has(name) && (typeof value === "number" || typeof value === "string")) continue;
    const canonical = canonicalField(name);
    if (
      canonical === "requestId" &&
      requestId === "" &&
      (typeof value === "string" || typeof value === "number")
    ) {
      requestId = String(value);
      continue;
    }
    fields[canonical in fields ? name : canonical] = value;
    count++;
  }
  requestId ||= nestedId(fields["req"] ?? fields["request"]);
  return { text: text ?? "", level, requestId, fields: count > 0 ? fields : undefined };
}

/** pino-http and bunyan: `{ req: { id } }`. */
function nestedId(request: unknown): string {
  if (typeof request !== "object" || request === null) return "";
  const { id } = request as { id?: unknown };
  return typeof id === "string" || typeof id === "number" ? String(id) : "";
}

/** https://loguru.readthedocs.io/en/stable/api/logger.html#record */
function fromLoguru(record: Record<string, unknown>): StructuredLine {
  const { message, level, extra, exception, name, function: calledIn, line, module } = record;
  const fields: Record<string, unknown> = { ...(extra as object | undefined) };
  const place = { logger: name, function: calledIn, line, module, exception };
  for (const [key, value] of Object.entries(place))
    if (value !== null && value !== undefined) fields[key] ??= value;
  return {
    ...fromFields(fields),
    text: String(message ?? ""),
    level: readLevel((level as { name?: unknown } | undefined)?.name),
  };
}
