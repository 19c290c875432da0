import { environment } from "../environment.ts";
import { timing } from "../timing.ts";
import { VapiError } from "./vapi-error.ts";

const neverSent = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);
const largestAnswerBytes = 32 * 1024 * 1024;

/**
 * Asks Vapi: https://docs.vapi.ai/api-reference
 *
 * @throws VapiError
 */
export async function askVapi<Answer>(
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: object,
): Promise<Answer> {
  const { VAPI_API_KEY, VAPI_BASE_URL } = environment();
  const name = `${method} ${path.split("?")[0]}`;
  let response: Response;
  try {
    response = await fetch(`${VAPI_BASE_URL.replace(/\/+$/, "")}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${VAPI_API_KEY}`,
        ...(body && { "content-type": "application/json" }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timing().requestMs),
      cache: "no-store",
    });
  } catch (error) {
    const code = (error as { cause?: { code?: string } }).cause?.code;
    const effect = code !== undefined && neverSent.has(code) ? "unreachable" : "unknown";
    throw new VapiError(`${name} failed: ${code ?? (error as Error).name}`, { effect, cause: error });
  }
  const { status } = response;
  const unclear = (what: string) => (cause: unknown) => {
    throw new VapiError(`${name}: ${what}`, { effect: "unknown", status, cause });
  };
  const text = await response.text().catch(unclear("the answer broke off"));
  if (response.ok && text.length <= largestAnswerBytes) {
    try {
      return JSON.parse(text) as Answer;
    } catch (error) {
      return unclear("the answer is no JSON")(error);
    }
  }
  const waitMs = retryAfterMs(response.headers.get("retry-after"));
  if (status === 429)
    throw new VapiError(`${name}: too many requests`, { effect: "too_many", status, retryAfterMs: waitMs });
  const said = messageOf(text);
  // 408 and 5xx may come from something between, after Vapi has begun.
  const effect = status >= 500 || status === 408 || response.ok ? "unknown" : "refused";
  throw new VapiError(`${name}: ${status}${said && ` ${said}`}`, { effect, status, retryAfterMs: waitMs });
}

/** RFC 9110, 10.2.3: seconds or a date. */
export function retryAfterMs(value: string | null, nowMs = Date.now()): number | undefined {
  if (value === null) return undefined;
  const seconds = /^\s*\d+\s*$/.test(value) ? Number(value) : Number.NaN;
  const ms = Number.isNaN(seconds) ? Date.parse(value) - nowMs : seconds * 1_000;
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), 3_600_000) : undefined;
}

function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return String(Array.isArray(message) ? message.join("; ") : (message ?? "")).slice(0, 300);
  } catch {
    return "";
  }
}
