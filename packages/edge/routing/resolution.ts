import type { FunctionId, Prerender, StaticFile } from "@evenkeel/model";

/** Header or query pairs in their order; header names in lower case; a name may come several times. */
export type Pairs = readonly (readonly [name: string, value: string])[];

/** What to do with a request. Results may be shared between requests: never change one. */
export type Resolution =
  | FileResolution
  | FunctionResolution
  | PrerenderResolution
  | WebResolution
  | ImageResolution
  | RedirectResolution
  | ProxyResolution
  | StatusResolution
  | MiddlewareStep;

/** Headers that routes and middleware put on the answer, whatever gives it: `answerHeaders` puts them together with the answer's own. */
export interface AnswerHeaders {
  /**
   * Set on a static file or prerender in place of its own of that name; given to a function's or proxied answer only where that
   * has none of the name. (Vercel: headers of a function win over those of the configuration.)
   */
  headers: Pairs;
  /** Set on every answer, in place of any other of that name (`important`, `transforms`). */
  importantHeaders: Pairs;
  /** Added beside the answer's own: `set-cookie` of a middleware, `append` of `transforms`. */
  appendedHeaders: Pairs;
  /** Names (lower case) taken off the answer before the three above are put on: `delete` of `transforms`. */
  deletedHeaders: readonly string[];
  /** `transforms` whose target is a test over the answer's header names instead of one name. Absent: none. */
  headerTests?: readonly HeaderTest[];
}

export interface HeaderTest {
  /** `name` in lower case. */
  matches(name: string): boolean;
  op: "set" | "append" | "delete";
  /** Empty for `delete`. */
  values: readonly string[];
}

/** How the request differs from what the client sent, when it is passed on. */
export interface ForwardedRequest {
  /** Request headers to set in place of the client's (middleware's overrides, `transforms`). Absent: none. */
  setRequestHeaders?: Pairs;
  /** Names (lower case) of the client's headers that are not passed on. Absent: none. */
  deleteRequestHeaders?: readonly string[];
  /** Path that a function is to see (`request.path` of `transforms`), raw. Absent: the client's own. */
  requestPath?: string;
  /**
   * Query string to pass on, without `?`: the client's own, merged with what routes added (theirs replaces the client's parameter of
   * the same name). Byte for byte the client's where no route touched it.
   */
  query: string;
  /** Of `query`, what routes added, `""` if nothing: for `routeParametersHeader`. */
  parameters: string;
}

interface Output extends AnswerHeaders {
  /** Key in the output's `files`, `functions` or `prerenders`. */
  key: string;
  /** Status that a route asks for in place of the answer's own (200 of a file): 404 of an error page. */
  status?: number;
  /** Path that was looked up, `/` first: for `x-matched-path` (`/blog/[slug]`). */
  matchedPath: string;
}

export interface FileResolution extends Output {
  kind: "file";
  file: StaticFile;
}

/** The function is given the client's own path, where no `requestPath` stands, and `query`. */
export interface FunctionResolution extends Output, ForwardedRequest {
  kind: "function";
  function: FunctionId;
}

/** No output answers, and the app has `web` processes: they do. They are given the client's own path, where no `requestPath` stands. */
export interface WebResolution extends AnswerHeaders, ForwardedRequest {
  kind: "web";
}

export interface PrerenderResolution extends Output, ForwardedRequest {
  kind: "prerender";
  prerender: Prerender;
  /** Renders it. `undefined` where the output holds none: then only the fallback can be served. */
  function: FunctionId | undefined;
  /**
   * Decoded path of this very page (`/blog/a b`): the prerender's cache key together with the query and headers it allows. Differs from
   * `matchedPath` where one prerender stands for many pages.
   */
  pagePath: string;
  /** Value of `x-now-route-matches` (`1=a&nxtPslug=a`), `""` where no route with groups led here. */
  routeMatches: string;
}

/** `/_vercel/image` or `/_next/image`, where the output has `images`. */
export interface ImageResolution extends AnswerHeaders {
  kind: "image";
  query: string;
}

/** Answer `status` with `location` (and the other headers; `refresh` is among them for 308). */
export interface RedirectResolution extends AnswerHeaders {
  kind: "redirect";
  status: number;
  location: string;
}

/** Pass the request on to another host, method and body included. */
export interface ProxyResolution extends AnswerHeaders, ForwardedRequest {
  kind: "proxy";
  /** Absolute `http:` or `https:` URL, its query merged already; no fragment. */
  url: string;
  status?: number;
}

/** No output answers. */
export interface StatusResolution extends AnswerHeaders {
  kind: "status";
  status: number;
  /** As Vercel's error pages name it: `NOT_FOUND`, `URL_TOO_LONG`, `FORBIDDEN`, or `""` for a status a route asked for. */
  code: string;
}

/**
 * Run the middleware function with the request as it stands, read its answer (`readMiddlewareAnswer`) and go on with `resume`, which gives
 * the next step. An answer that ends the request is sent as it is, with `headers` beneath it.
 */
export interface MiddlewareStep extends AnswerHeaders, ForwardedRequest {
  kind: "middleware";
  /** Key in the output's `functions`. */
  key: string;
  function: FunctionId;
  /** Path at this point, raw, with `/` first: what the middleware sees with `query`. */
  path: string;
  /** The answer of kind `next`. May be called once. */
  resume(answer: MiddlewareNext): Resolution;
}

/** What the middleware's answer asks for. */
export type MiddlewareAnswer =
  /** Send the middleware's own answer to the client, with `responseHeaders` as its headers. */
  { kind: "respond"; responseHeaders: Pairs } | MiddlewareNext;

export interface MiddlewareNext {
  kind: "next";
  /** For the final answer; the protocol's `x-middleware-*` are taken off. */
  responseHeaders: Pairs;
  /** Path and query, or absolute URL on another host, to go on with. */
  rewrite?: string;
  /** The request's headers from here on: those not named are gone (hop-by-hop and `host` excepted). Absent: unchanged. */
  requestHeaders?: Pairs;
}
