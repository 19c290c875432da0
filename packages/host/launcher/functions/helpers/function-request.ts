import { IncomingMessage } from "node:http";
import { parse as parseCookies } from "cookie";
import { routeParametersOf } from "../../request/internal-request-headers.ts";
import { defineLazy } from "./define-lazy.ts";
import { parseBody } from "./request-body.ts";

/** `req` with `query`, `cookies` and `body`: https://vercel.com/docs/functions/runtimes/node-js#node.js-request-and-response-objects */
export class FunctionRequest extends IncomingMessage {}

defineLazy(FunctionRequest.prototype, "query", parseQuery);
defineLazy(FunctionRequest.prototype, "cookies", (request) =>
  request.headers.cookie === undefined ? {} : parseCookies(request.headers.cookie),
);
defineLazy(FunctionRequest.prototype, "body", parseBody);

type Query = Record<string, string | string[]>;

/** Parameters of the URL, then those of the route, which win: `/users/1?id=2` of `users/[id]` is user 1. */
function parseQuery(request: IncomingMessage): Query {
  const url = request.url ?? "/";
  const start = url.indexOf("?");
  const query = start === -1 ? {} : readQuery(url.slice(start + 1));
  const parameters = routeParametersOf(request);
  return parameters === undefined ? query : Object.assign(query, readQuery(parameters));
}

function readQuery(text: string): Query {
  const query: Query = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const known = Object.hasOwn(query, name) ? query[name] : undefined;
    // Defined, not assigned: a parameter may be called `__proto__`.
    const next = known === undefined ? value : Array.isArray(known) ? [...known, value] : [known, value];
    Object.defineProperty(query, name, { configurable: true, enumerable: true, writable: true, value: next });
  }
  return query;
}
