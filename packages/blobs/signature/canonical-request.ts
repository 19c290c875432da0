import { createHash } from "node:crypto";

/** A request as its signature sees it. */
export interface SignedRequest {
  method: string;
  /** As sent, up to `?`. */
  path: string;
  /** As sent, behind `?`. */
  query: string;
  /** Names in lower case. */
  headers: Record<string, string | undefined>;
}

/**
 * The canonical request of Signature Version 4, for S3: the path counts as it was sent.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function canonicalRequest(
  { method, path, query, headers }: SignedRequest,
  signedHeaders: readonly string[],
  payloadHash: string,
): string {
  const lines = signedHeaders.map((name) => `${name}:${(headers[name] ?? "").trim().replace(/ +/g, " ")}`);
  return [method, path, canonicalQuery(query), ...lines, "", signedHeaders.join(";"), payloadHash].join("\n");
}

/** Sorted by name, then value, both encoded as RFC 3986 has it; without the signature itself. */
function canonicalQuery(query: string): string {
  if (query === "") return "";
  return query
    .split("&")
    .filter((part) => part !== "")
    .map((part) => {
      const end = part.indexOf("=");
      const name = end < 0 ? part : part.slice(0, end);
      const value = end < 0 ? "" : part.slice(end + 1);
      return [reencode(name), reencode(value)] as const;
    })
    .filter(([name]) => name !== "X-Amz-Signature")
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

function reencode(text: string): string {
  let plain: string;
  try {
    plain = decodeURIComponent(text);
  } catch {
    plain = text;
  }
  return encodeURIComponent(plain).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

export const sha256Hex = (text: string | Uint8Array): string =>
  createHash("sha256").update(text).digest("hex");
