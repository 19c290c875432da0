import type { Webhook, WebhookFailure, WebhookResult } from "./webhook.ts";

/** Where the edges listen: every webhook goes there, whatever its host name, so none can leave this machine. */
export interface EdgeAddress {
  host: string;
  port: number;
}

const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Sends one webhook to the edge, following redirects to this machine's apps, and waits for the whole answer. Never throws.
 *
 * The connection goes to the edge in plain HTTP, also for an https address: it stays on loopback.
 */
export async function deliver(
  edge: EdgeAddress,
  webhook: Pick<Webhook, "url" | "method" | "body" | "limits">,
  headers: Record<string, string>,
): Promise<WebhookResult> {
  const { limits } = webhook;
  const signal = AbortSignal.timeout(limits.timeoutMs);
  let { url, method } = webhook;
  let body: string | undefined = method === "GET" ? undefined : webhook.body;
  try {
    for (let redirects = 0; ; redirects++) {
      const refusal = refuseAddress(url);
      if (refusal !== undefined) return failed("refused", refusal, url);
      const target = new URL(url);
      const response = await fetch(`http://${edge.host}:${edge.port}${target.pathname}${target.search}`, {
        method,
        headers: { ...(body === undefined ? without(headers, "content-type") : headers), host: target.host },
        ...(body === undefined ? {} : { body }),
        redirect: "manual",
        signal,
      });
      const location = response.headers.get("location");
      if (redirectStatuses.has(response.status) && location !== null && limits.redirects > 0) {
        await response.body?.cancel();
        if (redirects >= limits.redirects) {
          return failed("too_many_redirects", `More than ${limits.redirects} redirects`, url);
        }
        url = new URL(location, url).href;
        // As browsers do, and Twilio: only 307 and 308 repeat the body.
        if (response.status < 307) [method, body] = ["GET", undefined];
        continue;
      }
      const text = await readWithin(response, limits.answerBytes);
      if (text === undefined) {
        return failed("answer_too_large", `The answer has more than ${limits.answerBytes} bytes`, url);
      }
      const result: WebhookResult = {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: text,
        url,
      };
      if (response.headers.get("x-vercel-error") !== "DEPLOYMENT_NOT_FOUND") return result;
      return failed("refused", `No app of this machine answers at ${target.host}`, url);
    }
  } catch (error) {
    return signal.aborted
      ? failed("timed_out", `No whole answer within ${limits.timeoutMs} ms`, url)
      : failed("connection_failed", error instanceof Error ? error.message : String(error), url);
  }
}

const failed = (failure: WebhookFailure, message: string, url: string): WebhookResult => ({
  failure,
  message,
  headers: {},
  body: "",
  url,
});

function without(headers: Record<string, string>, dropped: string): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== dropped));
}

/** Undefined where there is more. */
async function readWithin(response: Response, limitBytes: number): Promise<string | undefined> {
  const pieces: Uint8Array[] = [];
  let receivedBytes = 0;
  for await (const piece of response.body ?? []) {
    receivedBytes += piece.length;
    if (receivedBytes > limitBytes) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** Why no webhook may go to this address, for people; undefined where it may. Whether an app answers there only the edge knows. */
function refuseAddress(url: string): string | undefined {
  let target: URL;
  try {
    target = new URL(url);
  } catch {
    return `${JSON.stringify(url.slice(0, 200))} is not a URL`;
  }
  if (target.protocol !== "http:" && target.protocol !== "https:")
    return `${target.protocol} is neither http nor https`;
  return undefined;
}
