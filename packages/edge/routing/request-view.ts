import { queryValue } from "./query-string.ts";
import type { Pairs } from "./resolution.ts";
import type { RoutedRequest } from "./router.ts";

/** Headers that belong to the connection or the message's framing: no middleware and no transform may take or change them. */
const fixedHeaders = new Set([
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "keep-alive",
  "te",
  "upgrade",
  "trailer",
]);

interface SavedView {
  query: string;
  path: string | undefined;
  changes: Map<string, string | undefined>;
}

/** The request as routes see it and as it will be passed on: the client's, with what middleware and transforms changed. */
export class RequestView {
  /** Raw, without `?`. */
  query: string;
  /** What the function sees in place of the client's path. */
  path: string | undefined;
  /** Changed headers; `undefined` for those taken off. */
  private changes = new Map<string, string | undefined>();
  private cookies: Map<string, string> | undefined;

  constructor(readonly request: RoutedRequest) {
    this.query = request.query;
  }

  /** For `restore`: the changes made until now. */
  save(): SavedView {
    const changes = this.changes.size === 0 ? this.changes : new Map(this.changes);
    return { query: this.query, path: this.path, changes };
  }

  restore(saved: SavedView): void {
    this.query = saved.query;
    this.path = saved.path;
    this.changes = saved.changes;
    this.cookies = undefined;
  }

  header(name: string): string | undefined {
    return this.changes.has(name) ? this.changes.get(name) : this.request.header(name);
  }

  headers(): Pairs {
    if (this.changes.size === 0) return this.request.headers();
    return [...this.request.headers().filter(([name]) => !this.changes.has(name)), ...this.setHeaders()];
  }

  /** `undefined` takes it off. Headers of the connection and of framing stay as they are. */
  setHeader(name: string, value: string | undefined): void {
    if (fixedHeaders.has(name)) return;
    this.changes.set(name, value);
    this.cookies = undefined;
  }

  /** From now on the request has these headers alone, beside those of the connection. */
  replaceHeaders(headers: Pairs): void {
    for (const [name] of this.headers()) this.setHeader(name, undefined);
    for (const [name, value] of headers) this.setHeader(name, value);
  }

  /** Headers to set when the request is passed on. */
  setHeaders(): [name: string, value: string][] {
    return [...this.changes].filter((change): change is [string, string] => change[1] !== undefined);
  }

  /** Names of the client's headers that are not passed on. */
  deletedHeaders(): string[] {
    return [...this.changes].filter(([, value]) => value === undefined).map(([name]) => name);
  }

  parameter(name: string): string | undefined {
    return queryValue(this.query, name);
  }

  cookie(name: string): string | undefined {
    this.cookies ??= parseCookies(this.header("cookie"));
    return this.cookies.get(name);
  }
}

/** RFC 6265, 5.4; of several cookies of one name the first, which is the most specific one. */
function parseCookies(header: string | undefined): Map<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of header?.split(";") ?? []) {
    const equals = pair.indexOf("=");
    if (equals === -1) continue;
    const name = pair.slice(0, equals).trim();
    if (cookies.has(name)) continue;
    const value = pair.slice(equals + 1).trim();
    cookies.set(name, value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value);
  }
  return cookies;
}
