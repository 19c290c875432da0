import type { z } from "zod";

/**
 * What a token must hold to call a route.
 *
 * - `public`: nothing.
 * - `read`: see apps, deployments, releases, logs, domains, names of variables.
 * - `deploy`: create apps and deployments, cancel them, push with git.
 * - `release`: promote and roll back.
 * - `configure`: change variables, domains and settings; remove deployments and apps.
 * - `reveal`: see the values of variables.
 * - `metrics`: scrape what is measured, and nothing else.
 * - `admin`: tokens, the audit log, the state of the platform.
 * - `anyone`: whoever is known, person or token, about themselves.
 * - `person`: a person who is signed in with a browser, about themselves.
 * - `push`: the one-time secret of a git push under way, known only to the hook that the push itself started.
 */
export type Permission =
  | "public"
  | "read"
  | "deploy"
  | "release"
  | "configure"
  | "reveal"
  | "metrics"
  | "admin"
  | "anyone"
  | "person"
  | "push";

/** The permissions that a token can be given. */
export const grantablePermissions = [
  "read",
  "deploy",
  "release",
  "configure",
  "reveal",
  "metrics",
  "admin",
] as const;
export type GrantablePermission = (typeof grantablePermissions)[number];

/**
 * - `json`: JSON in (where there is a body), JSON out.
 * - `upload`: bytes in, JSON out.
 * - `stream`: newline-delimited JSON out, one event a line; the last line may be `{"error":{…}}`.
 * - `events`: Server-Sent Events out.
 * - `text`: what `Accept` asks for out, a `TextReply`; for programs of others.
 */
export type RouteKind = "json" | "upload" | "stream" | "events" | "text";

export interface TextReply {
  contentType: string;
  text: string;
}

export interface Route<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Reply = unknown,
  Kind extends RouteKind = RouteKind,
> {
  kind: Kind;
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** As hono reads it: `/api/apps/:app`. A token limited to apps reaches a route only through `:app` or `:deployment`. */
  path: string;
  permission: Permission;
  /** Of a person it is asked only minutes after they have proven who they are. Tokens are not asked. */
  isFresh?: true;
  params?: Params;
  query?: Query;
  body?: Body;
  /** Only a type: what the route answers, or one event of its stream. */
  reply?: Reply;
}

type Spec<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType> = Omit<
  Route<Params, Query, Body>,
  "kind" | "reply"
>;

type Declare<Kind extends RouteKind> = <Reply>() => <
  Params extends z.ZodType = z.ZodUndefined,
  Query extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUndefined,
>(
  spec: Spec<Params, Query, Body>,
) => Route<Params, Query, Body, Reply, Kind>;

const declare =
  <Kind extends RouteKind>(kind: Kind): Declare<Kind> =>
  () =>
  (spec) => ({ kind, ...spec });

/** Curried, since TypeScript infers all type parameters of a call or none: `json<App>()({ method, path, … })`. */
export const json = declare("json");
export const upload = declare("upload");
export const stream = declare("stream");
export const events = declare("events");
export const text = declare("text");
