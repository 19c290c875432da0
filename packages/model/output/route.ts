/** `routes` of `config.json`: https://vercel.com/docs/build-output-api/v3/configuration#routes */
export type Route = SourceRoute | HandlerRoute;

export interface HandlerRoute {
  handle: Phase;
}

/** Routes before the first `handle` belong to no phase and come first. */
export type Phase = "rewrite" | "filesystem" | "resource" | "miss" | "hit" | "error";

export interface SourceRoute {
  src: string;
  dest?: string;
  headers?: Record<string, string>;
  methods?: string[];
  continue?: boolean;
  override?: boolean;
  caseSensitive?: boolean;
  check?: boolean;
  important?: boolean;
  status?: number;
  has?: Condition[];
  missing?: Condition[];
  locale?: { redirect?: Record<string, string>; cookie?: string };
  middlewarePath?: string;
  middlewareRawSrc?: string[];
  middleware?: number;
  transforms?: Transform[];
  mitigate?: { action: string };
}

export interface Condition {
  type: "host" | "header" | "cookie" | "query";
  /** Absent for `host`. */
  key?: string;
  /** A regular expression anchored at both ends, or an object of operators; absent: the key must be present. */
  value?: string | ConditionOperators;
}

export interface ConditionOperators {
  eq?: string | number;
  neq?: string;
  inc?: string[];
  ninc?: string[];
  pre?: string;
  suf?: string;
  re?: string;
  gt?: number;
  gte?: number;
  lt?: number;
  lte?: number;
}

export type Transform = PairTransform | PathTransform;

/** What the function sees as the request's path; where routes lead does not change. */
export interface PathTransform {
  type: "request.path";
  op: "set";
  args: string;
  env?: string[];
}

export interface PairTransform {
  type: "request.headers" | "request.query" | "response.headers";
  op: "append" | "set" | "delete";
  target: { key: string | ConditionOperators };
  args?: string | string[];
  env?: string[];
}
