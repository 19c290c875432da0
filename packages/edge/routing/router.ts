import type { BuildOutput } from "@evenkeel/model";
import type { Pairs, Resolution } from "./resolution.ts";

/** The part of a build output that decides where requests go. */
export type RoutedOutput = Pick<
  BuildOutput,
  "routes" | "files" | "functions" | "prerenders" | "images" | "wildcard" | "services"
>;

/** What routing may look at. `Exchange` of `edge/http` satisfies it. */
export interface RoutedRequest {
  readonly method: string;
  /** Lower case, without port. */
  readonly host: string;
  /** Lower case, with the port where the client named one. */
  readonly hostPort: string;
  /** Raw, as sent: not decoded, not normalised, without query. */
  readonly path: string;
  /** Raw, without `?`; `""` if there is none. */
  readonly query: string;
  /** First value of a header; `name` in lower case. */
  header(name: string): string | undefined;
  /** Every header line, names in lower case. */
  headers(): Pairs;
}

/**
 * The routes of one build output in the form that answers requests: https://vercel.com/docs/build-output-api/v3/configuration#routes.
 * Pure: no I/O and no clock; it keeps a bounded memory of paths it has resolved.
 */
export interface Router {
  /** Where this request goes. Never throws for any request. */
  resolve(request: RoutedRequest): Resolution;
  /**
   * Where a failed request goes: the page that the output's `error` phase has for `status` (a file, function or prerender, with that status),
   * else a `status`. For failures after `resolve` (function crashed, timed out); `resolve` itself does it for paths that nothing serves.
   */
  resolveError(request: RoutedRequest, status: number): Resolution;
}

export interface CompileOptions {
  /** Values for `env` of `transforms`. Default: every name is unknown, which fills in nothing. */
  environment?: (name: string) => string | undefined;
}

/** `compileRouter` of `compile-router.ts`; throws `InvalidRouteError`, which names the route. */
export type CompileRouter = (output: RoutedOutput, options?: CompileOptions) => Router;
