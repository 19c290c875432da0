import type { ServerResponse } from "node:http";
import { faultHeader } from "@evenkeel/model/link/internal-headers";
import { logError } from "../error-log.ts";

export type FaultCode = "function_threw" | "function_exited";

/**
 * Answers 500 in the app's place, or cuts the connection where the app's own head is already out: a client must never take a part
 * of an answer for the whole.
 */
export function answerFault(response: ServerResponse, code: FaultCode): void {
  if (response.writableEnded) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  response.statusCode = 500;
  response.statusMessage = "";
  response.setHeader(faultHeader, code);
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.end("A server error has occurred\n\nFUNCTION_INVOCATION_FAILED\n");
}

/** What `req.body` throws; answered with its own status where the function does not catch it. */
export class ApiError extends Error {
  constructor(
    readonly statusCode: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Answers for a handler that threw or rejected. Its error goes to the app's log, whole; the client learns only that there was one.
 */
export function answerThrown(response: ServerResponse, error: unknown): void {
  if (error instanceof ApiError && !response.headersSent) {
    // As on Vercel: status and message, no body.
    response.statusCode = error.statusCode;
    response.statusMessage = error.message;
    response.end();
    return;
  }
  logError(error);
  answerFault(response, "function_threw");
}
