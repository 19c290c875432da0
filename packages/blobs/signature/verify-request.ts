import { timingSafeEqual } from "node:crypto";
import { BlobRequestError } from "../errors.ts";
import { refusals } from "../protocol/refusals.ts";
import { canonicalRequest, type SignedRequest, sha256Hex } from "./canonical-request.ts";
import { type CredentialScope, hmac, scopeText, signingKey } from "./signing-key.ts";

const algorithm = "AWS4-HMAC-SHA256";
/** As S3: between a client's clock and ours. */
const mostSkewMs = 15 * 60_000;
const longestPresignedS = 7 * 86_400;

/** Who signed, and what the chunks of a signed stream go on from. */
export interface Verified {
  accessKeyId: string;
  /** `x-amz-content-sha256`, or `UNSIGNED-PAYLOAD` for a presigned URL. */
  payloadHash: string;
  scope: CredentialScope;
  /** `x-amz-date` */
  time: string;
  signature: string;
  key: Buffer;
}

interface Claim {
  scope: CredentialScope;
  signedHeaders: string[];
  signature: string;
  time: string;
  payloadHash: string;
}

/**
 * Who signed a request, by its `authorization` header or its presigned query.
 *
 * @param secretOf undefined for an access key of nobody
 * @throws BlobRequestError
 */
export function verifyRequest(
  request: SignedRequest,
  secretOf: (accessKeyId: string) => string | undefined,
  nowMs = Date.now(),
): Verified {
  const claim =
    request.headers["authorization"] === undefined ? presigned(request, nowMs) : byHeader(request, nowMs);
  const { scope, signedHeaders, signature, time, payloadHash } = claim;
  if (!signedHeaders.includes("host")) throw refusals.accessDenied("The header host has to be signed");
  // A header of S3's that was not signed could have been added by anybody on the way.
  const unsigned = Object.keys(request.headers).find(
    (name) => name.startsWith("x-amz-") && !signedHeaders.includes(name) && name !== "x-amz-content-sha256",
  );
  if (unsigned !== undefined) {
    throw refusals.accessDenied(
      `There were headers present in the request which were not signed: ${unsigned}`,
    );
  }
  const secret = secretOf(scope.accessKeyId);
  if (secret === undefined) {
    throw new BlobRequestError(
      "InvalidAccessKeyId",
      403,
      "The access key Id you provided does not exist in our records.",
    );
  }
  const key = signingKey(secret, scope);
  const toSign = [
    algorithm,
    time,
    scopeText(scope),
    sha256Hex(canonicalRequest(request, signedHeaders, payloadHash)),
  ].join("\n");
  if (!isSame(hmac(key, toSign), signature)) {
    throw new BlobRequestError(
      "SignatureDoesNotMatch",
      403,
      "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    );
  }
  return { accessKeyId: scope.accessKeyId, payloadHash, scope, time, signature, key };
}

/** Compares in a time that does not depend on where they differ. */
export function isSame(expected: Buffer, hex: string): boolean {
  const given = Buffer.from(hex, "hex");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function byHeader({ headers }: SignedRequest, nowMs: number): Claim {
  const match = /^AWS4-HMAC-SHA256\s+(.*)$/.exec(headers["authorization"]!);
  if (!match) throw refusals.invalidArgument("Only Signature Version 4 (AWS4-HMAC-SHA256) is accepted");
  const parts = new Map(
    match[1]!.split(",").map((part) => {
      const [name = "", ...value] = part.trim().split("=");
      return [name, value.join("=")] as const;
    }),
  );
  const payloadHash = headers["x-amz-content-sha256"];
  if (payloadHash === undefined)
    throw refusals.invalidArgument("Missing required header for this request: x-amz-content-sha256");
  const time = headers["x-amz-date"] ?? "";
  const skewMs = Math.abs(nowMs - timeMs(time));
  if (!(skewMs <= mostSkewMs)) {
    throw new BlobRequestError(
      "RequestTimeTooSkewed",
      403,
      "The difference between the request time and the current time is too large.",
    );
  }
  return claim(
    parts.get("Credential"),
    parts.get("SignedHeaders"),
    parts.get("Signature"),
    time,
    payloadHash,
  );
}

function presigned({ query }: SignedRequest, nowMs: number): Claim {
  const parameters = new URLSearchParams(query);
  if (parameters.get("X-Amz-Algorithm") !== algorithm) throw refusals.accessDenied();
  const time = parameters.get("X-Amz-Date") ?? "";
  const expiresS = Number(parameters.get("X-Amz-Expires"));
  if (!(Number.isInteger(expiresS) && expiresS >= 1 && expiresS <= longestPresignedS)) {
    throw refusals.invalidArgument(`X-Amz-Expires must be between 1 and ${longestPresignedS} seconds`);
  }
  const fromMs = timeMs(time);
  if (!(nowMs >= fromMs - mostSkewMs)) throw refusals.accessDenied("Request is not valid yet");
  if (nowMs > fromMs + expiresS * 1_000) throw refusals.accessDenied("Request has expired");
  return claim(
    parameters.get("X-Amz-Credential") ?? undefined,
    parameters.get("X-Amz-SignedHeaders") ?? undefined,
    parameters.get("X-Amz-Signature") ?? undefined,
    time,
    parameters.get("X-Amz-Content-Sha256") ?? "UNSIGNED-PAYLOAD",
  );
}

function claim(
  credential: string | undefined,
  signedHeaders: string | undefined,
  signature: string | undefined,
  time: string,
  payloadHash: string,
): Claim {
  const [accessKeyId, date, region, service, end] = credential?.split("/") ?? [];
  if (
    !accessKeyId ||
    !date ||
    !region ||
    service !== "s3" ||
    end !== "aws4_request" ||
    !signedHeaders ||
    !signature
  ) {
    throw refusals.invalidArgument(
      "The credential, the signed headers or the signature are missing or malformed",
    );
  }
  if (!time.startsWith(date))
    throw refusals.accessDenied("The credential is of another day than the request");
  const names = signedHeaders.split(";");
  return { scope: { accessKeyId, date, region }, signedHeaders: names, signature, time, payloadHash };
}

/** `20260301T120000Z`; NaN for anything else. */
function timeMs(time: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time);
  if (!match) return Number.NaN;
  const [, year, month, day, hour, minute, second] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
