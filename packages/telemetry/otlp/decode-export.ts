import { OtlpMalformedError } from "../errors.ts";
import { type OtlpKind, otlpMessages } from "./otlp-schema.ts";
import type { OtlpRequests } from "./otlp-types.ts";

export type OtlpEncoding = "protobuf" | "json";

/** Messages within messages; protobufjs bounds its own decoding by the same number. */
const depthLimit = 100;

/**
 * Reads an export request of OTLP/HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp-request).
 *
 * @throws OtlpMalformedError with what is wrong, in words for its sender
 */
export function decodeExport<Kind extends OtlpKind>(
  kind: Kind,
  encoding: OtlpEncoding,
  bytes: Uint8Array,
): OtlpRequests[Kind] {
  const { request } = otlpMessages[kind];
  try {
    const message =
      encoding === "protobuf" ? request.decode(bytes) : request.fromObject(readJson(bytes) as object);
    return message as unknown as OtlpRequests[Kind];
  } catch (error) {
    if (error instanceof OtlpMalformedError) throw error;
    throw new OtlpMalformedError(kind, error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
}

function readJson(bytes: Uint8Array): unknown {
  const json: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw new TypeError("object expected");
  return prepare(json, 0);
}

const ids: Record<string, number> = { traceId: 16, spanId: 8, parentSpanId: 8 };
const wholeNumbers = new Set([
  "intValue",
  "asInt",
  "count",
  "zeroCount",
  "timeUnixNano",
  "observedTimeUnixNano",
]);
for (const name of ["startTimeUnixNano", "endTimeUnixNano", "bucketCounts"]) wholeNumbers.add(name);

/**
 * OTLP's JSON is not quite protobuf's (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids are hexadecimal. Whole numbers may be
 * strings, and `Long` would take any string for one.
 */
function prepare(value: unknown, depth: number, name = ""): unknown {
  if (depth > depthLimit) throw new RangeError(`nested deeper than ${depthLimit} levels`);
  if (Array.isArray(value)) return value.map((element) => prepare(element, depth + 1, name));
  if (typeof value === "object" && value !== null) {
    const prepared: Record<string, unknown> = {};
    for (const [key, element] of Object.entries(value)) {
      if (element !== null) prepared[key] = prepare(element, depth + 1, key);
    }
    return prepared;
  }
  const idBytes = ids[name];
  if (idBytes !== undefined) return readId(name, value, idBytes);
  if (wholeNumbers.has(name) && !/^-?\d{1,20}$/.test(String(value)))
    throw new TypeError(`${name}: integer expected`);
  return value;
}

function readId(name: string, value: unknown, byteLength: number): Uint8Array {
  if (typeof value !== "string" || !/^[0-9a-fA-F]*$/.test(value))
    throw new TypeError(`${name}: hex expected`);
  if (value.length !== 0 && value.length !== byteLength * 2) {
    throw new TypeError(`${name}: ${byteLength * 2} hex digits expected`);
  }
  return Buffer.from(value, "hex");
}
