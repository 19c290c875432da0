/** A request of the app to a twin, as the log keeps it. */
export interface LoggedRequest {
  id: string;
  provider: string;
  /** Names the credential. */
  key: string;
  method: string;
  /** With query. */
  path: string;
  headers: Record<string, string>;
  body: string;
  status: number;
  answer: string;
  /** Faults that struck it. */
  faults: string[];
  /** In the account's time. */
  atMs: number;
  /** Real. */
  durationMs: number;
}

/** Of a body in the log. */
export const loggedBodyBytes = 64 * 1024;

const secretHeaders: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "x-api-key",
]);

export function loggableHeaders(
  headers: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) kept[name] = secretHeaders.has(name) ? "(hidden)" : value;
  }
  return kept;
}

/** Text as it is, anything else by its length. */
export function loggableBody(body: Uint8Array, contentType = "text/plain"): string {
  if (body.length === 0) return "";
  if (!/json|text|xml|urlencoded/i.test(contentType)) return `(${body.length} bytes of ${contentType})`;
  return Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, loggedBodyBytes)).toString("utf8");
}
