import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createFunctionServer } from "./function-server.ts";
import { toWebRequest } from "./web-request.ts";
import { sendWebResponse } from "./web-response.ts";

export type WebHandler = (request: Request, context: WebContext) => Response | Promise<Response>;

/** Second argument of a Web handler: https://vercel.com/docs/functions/functions-api-reference */
export interface WebContext {
  waitUntil(promise: unknown): void;
}

export const httpMethods = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH"] as const;
export type WebMethods = Partial<Record<(typeof httpMethods)[number], WebHandler>>;

/** `export function GET(request) …`. HEAD falls back to GET without its body, OPTIONS to the list of methods; others are 405. */
export function serveWebMethods(methods: WebMethods, context: WebContext): Server {
  const allowed = httpMethods.filter((name) => methods[name] !== undefined);
  const allow = [...new Set([...allowed, ...(methods.GET ? ["HEAD"] : []), "OPTIONS"])].join(", ");
  const handlers: Record<string, WebHandler> = Object.assign(Object.create(null), methods);
  if (methods.GET) handlers["HEAD"] ??= methods.GET;
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const handler = handlers[request.method ?? "GET"];
    if (handler !== undefined) return answer(handler, context, request, response);
    response.writeHead(request.method === "OPTIONS" ? 204 : 405, { allow });
    response.end();
  };
  return createFunctionServer(listener);
}

/** One handler for every method: a `fetch` export. */
export function serveWebHandler(handler: WebHandler, context: WebContext): Server {
  return createFunctionServer((request, response) => answer(handler, context, request, response));
}

/** Middleware and edge functions may return nothing, which means that routing goes on. */
export function orContinue(handler: WebHandler): WebHandler {
  return async (request, context) =>
    (await handler(request, context)) ?? new Response(null, { headers: { "x-middleware-next": "1" } });
}

async function answer(
  handler: WebHandler,
  context: WebContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let webRequest: Request;
  try {
    webRequest = toWebRequest(request, response);
  } catch {
    // The Fetch standard has no such method or URL.
    response.writeHead(400, { "content-length": 0 });
    response.end();
    return;
  }
  const webResponse = await handler(webRequest, context);
  if (typeof webResponse?.headers?.get !== "function") {
    // `experimental_upgradeWebSocket` took the connection; what is returned then goes nowhere.
    if (response.socket === null) return;
    throw new TypeError(
      `The function returned ${webResponse === null ? "null" : typeof webResponse} where a Response was expected`,
    );
  }
  await sendWebResponse(webResponse, response);
}
