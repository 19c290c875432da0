import { scheduleHeaders } from "./schedule-call.ts";

/**
 * Headers between edge and instance. The edge strips every inbound header that begins with `x-evenkeel-`, and
 * those of `spoofableHeaders`, before it sets its own; the launcher takes the internal ones off before the app
 * sees the request.
 */
export const internalHeaderPrefix = "x-evenkeel-";

/** Milliseconds that the request may still take; the launcher tells `waitUntil` work its end by it. */
export const deadlineHeader = "x-evenkeel-deadline-ms";

/** Route parameters to be seen as `req.query` beside the URL's, as a query string. */
export const routeParametersHeader = "x-evenkeel-params";

/**
 * From an instance: the answer is the launcher's own report of a fault in the app, with this code
 * (`function_import_failed`, `function_handler_missing`, `function_threw`, `function_exited`). The edge
 * strips it and counts it.
 */
export const faultHeader = "x-evenkeel-fault";

/** Set by the edge alone; inbound values are never believed. */
export const spoofableHeaders: readonly string[] = [
  ...Object.values(scheduleHeaders),
  "x-invocation-id",
  // Passed on as the edge's own span.
  "traceparent",
  "x-vercel-id",
  "x-vercel-deployment-url",
  "x-vercel-forwarded-for",
  "x-vercel-proxied-for",
  "x-vercel-sc-headers",
  "x-vercel-sc-host",
  "x-vercel-oidc-token",
  "x-matched-path",
  "x-now-route-matches",
  "x-nextjs-matched-path",
  "x-middleware-subrequest",
  "x-middleware-subrequest-id",
  "x-middleware-next",
  "x-middleware-override-headers",
  "x-middleware-rewrite",
  "x-middleware-invoke",
  "x-invoke-path",
  "x-invoke-query",
  "x-invoke-output",
  "x-next-revalidated-tags",
  "x-next-revalidate-tag-token",
  "x-next-resume-state-length",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-port",
  "x-real-ip",
  "forwarded",
];
