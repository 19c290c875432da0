import { EvenkeelError } from "@evenkeel/model";
import { type Context, Hono } from "hono";
import { z } from "zod";
import { RequestInvalidError, RequestTooLargeError, RouteUnknownError } from "../errors.ts";
import { type AuthorizationParts, authorize } from "./authorize.ts";
import { contract, type Route, type TextReply } from "./contract/index.ts";
import { eventStream } from "./event-stream.ts";
import type { Given, Handlers } from "./handler.ts";
import { RequestSide } from "./request-side.ts";
import { addSecurityHeaders } from "./security-headers.ts";
import { statusOfError } from "./status-of-error.ts";

/** Of a JSON body. The largest thing in one are a deployment's variables, 64 KiB. */
const bodyLimitBytes = 1024 * 1024;

/** The API as a function of requests: every route of the contract, with its permission checked before anything is read. */
export function makeApi(
  handlers: Handlers,
  parts: AuthorizationParts,
  /** Throws while requests of this path cannot be served yet. */
  admit: (path: string) => void = () => {},
): Hono {
  const api = new Hono();
  api.use(async (context, next) => {
    admit(context.req.path);
    await next();
    addSecurityHeaders(context.res.headers);
  });
  for (const [name, route] of Object.entries(contract) as [keyof Handlers, Route][]) {
    const handler = handlers[name] as (given: Given<unknown, unknown, unknown>) => unknown;
    api.on(route.method, route.path, async (context) => {
      const request = new RequestSide(context.req.raw);
      const answer = async (): Promise<Response> => {
        const caller = await authorize(parts, route, context.req.param(), request);
        const reply = await handler({
          params: read(route.params, context.req.param(), "path"),
          query: read(route.query, context.req.query(), "query"),
          body: route.body ? read(route.body, await readJson(context), "body") : undefined,
          bytes: context.req.raw.body ?? new Blob([]).stream(),
          caller,
          request,
          accept: request.header("accept"),
          lastEventId: request.header("last-event-id"),
          signal: context.req.raw.signal,
        });
        if (route.kind === "stream") return eventStream(reply as AsyncIterable<unknown>, tell);
        if (route.kind === "events") {
          return new Response(reply as ReadableStream<Uint8Array>, {
            headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
          });
        }
        if (route.kind === "text") {
          const { text, contentType } = reply as TextReply;
          return new Response(text, {
            headers: { "content-type": contentType, "cache-control": "no-store" },
          });
        }
        return Response.json(reply, { headers: { "cache-control": "no-store" } });
      };
      // Cookies are sent with errors, too.
      const response = await answer().catch((error) => answerError(error));
      for (const [name, value] of request.answerHeaders) response.headers.append(name, value);
      return response;
    });
  }
  api.get("/v1/openapi.json", (context) => context.redirect("/api/openapi.json", 308));
  api.notFound((context) => answerError(new RouteUnknownError(context.req.method, context.req.path)));
  api.onError((error) => answerError(error));
  return api;
}

export function answerError(error: unknown, headers: Record<string, string> = {}): Response {
  const told = tell(error);
  const status = statusOfError(told);
  const challenge: Record<string, string> =
    status === 401 ? { "www-authenticate": 'Bearer realm="evenkeel"' } : {};
  return Response.json(
    { error: told.toJSON() },
    { status, headers: { "cache-control": "no-store", ...challenge, ...headers } },
  );
}

class InternalError extends EvenkeelError {
  readonly code = "internal";
  readonly fault = "platform";
}

/** What nobody foresaw is told without its text, which may hold paths, SQL or values; the log has it. */
function tell(error: unknown): EvenkeelError {
  if (error instanceof EvenkeelError) return error;
  console.error(`control: a request failed: ${error instanceof Error ? error.stack : error}`);
  return new InternalError("The platform failed unexpectedly", {
    hint: "Its log (logs/platform/control.log in the data directory) has the details.",
  });
}

function read(schema: z.ZodType | undefined, value: unknown, where: string): unknown {
  if (!schema) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new RequestInvalidError(
    `The request's ${where} is not valid: ${z.prettifyError(result.error).slice(0, 2_000)}`,
  );
}

async function readJson(context: Context): Promise<unknown> {
  const declared = Number(context.req.header("content-length") ?? 0);
  if (declared > bodyLimitBytes) throw new RequestTooLargeError(bodyLimitBytes);
  const pieces: Uint8Array[] = [];
  let receivedBytes = 0;
  for await (const piece of context.req.raw.body ?? []) {
    receivedBytes += piece.length;
    if (receivedBytes > bodyLimitBytes) throw new RequestTooLargeError(bodyLimitBytes);
    pieces.push(piece);
  }
  const text = Buffer.concat(pieces).toString("utf8");
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RequestInvalidError("The request's body is not JSON", { cause });
  }
}
