import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import process from "node:process";
import type { FunctionSpan } from "@evenkeel/model/link/instance-protocol";

type HttpSocket = Socket & { _httpMessage?: ServerResponse | null };

let report: ((span: FunctionSpan) => void) | undefined;

/** Says where spans go. Until then there are none. */
export function reportSpans(listener: (span: FunctionSpan) => void): void {
  report = listener;
}

const now = (): number => performance.timeOrigin + performance.now();

/**
 * Begins the span of a request that is traced, from its head to the end of its answer. Called for each request, before anybody has seen it: one
 * that is not traced costs a look at the end of a string.
 *
 * @returns what the app sees: its own spans are this one's children
 */
export function traceFunction(request: IncomingMessage, traceparent: string): string {
  if (report === undefined || !traceparent.endsWith("-01")) return traceparent;
  const [, traceId, parentId] = traceparent.split("-") as [string, string, string];
  const spanId = randomBytes(8).toString("hex");
  const startMs = now();
  // The response is made, and the app called, by the parser's next steps; nothing of it has been sent when this runs.
  process.nextTick(() => {
    const response = (request.socket as HttpSocket)._httpMessage;
    if (response?.req !== request) return;
    response.once("close", () => {
      const { method = "GET", url = "/" } = request;
      report?.({
        ...{ traceId, spanId, parentId, startMs, durationMs: now() - startMs },
        name: `${method} ${url.split("?")[0]}`.slice(0, 256),
        statusCode: response.statusCode,
        isComplete: response.writableFinished,
      });
    });
  });
  return `00-${traceId}-${spanId}-01`;
}
