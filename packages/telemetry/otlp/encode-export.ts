import { decodeExport, type OtlpEncoding } from "./decode-export.ts";
import { type OtlpKind, otlpMessages, rpcStatus } from "./otlp-schema.ts";

/** An export request in protobuf, of its JSON form: names in lower camel case, ids in hexadecimal, 64-bit numbers as decimal strings. */
export function encodeExport(kind: OtlpKind, json: object): Uint8Array {
  const message = decodeExport(kind, "json", Buffer.from(JSON.stringify(json)));
  return otlpMessages[kind].request.encode(message).finish();
}

/** What was not taken of a request whose rest was. */
export interface Rejected {
  count: number;
  /** For the sender; `""` when all was taken. */
  message: string;
}

/** The answer 200: https://opentelemetry.io/docs/specs/otlp/#partial-success-1 */
export function encodeResponse(
  kind: OtlpKind,
  encoding: OtlpEncoding,
  { count, message }: Rejected,
): Uint8Array {
  const { response, rejectedField } = otlpMessages[kind];
  const partialSuccess = {
    [rejectedField]: encoding === "json" ? String(count) : count,
    errorMessage: message,
  };
  const body = message === "" ? {} : { partialSuccess };
  if (encoding === "json") return Buffer.from(JSON.stringify(body));
  return response.encode(response.fromObject(body)).finish();
}

/** The body of a refusal. */
export function encodeFailure(encoding: OtlpEncoding, message: string): Uint8Array {
  // 3: INVALID_ARGUMENT. The specification tells clients to go by HTTP's status, not by this.
  const status = { code: 3, message };
  if (encoding === "json") return Buffer.from(JSON.stringify(status));
  return rpcStatus.encode(rpcStatus.fromObject(status)).finish();
}

/** What the other side did not take of what we sent; undefined where it took all or answered something else. */
export function decodeRejected(kind: OtlpKind, bytes: Uint8Array): Rejected | undefined {
  const { response, rejectedField } = otlpMessages[kind];
  try {
    const { partialSuccess } = response.toObject(response.decode(bytes), { longs: Number });
    if (!partialSuccess) return undefined;
    return { count: partialSuccess[rejectedField] ?? 0, message: partialSuccess.errorMessage ?? "" };
  } catch {
    return undefined;
  }
}
