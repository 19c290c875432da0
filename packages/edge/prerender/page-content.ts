import { type Prerender, readPreRenderType, type ServedDeployment } from "@evenkeel/model";
import { browserCacheControl, consumedHeaders, readCachePolicy } from "../cache/cache-control.ts";
import type { AnswerContent } from "../cache/cached-answer.ts";
import type { Pairs } from "../routing/resolution.ts";
import type { UpstreamAnswer } from "../upstream/forward-options.ts";
import { headerIn, type PageIdentity } from "./page-identity.ts";

/** Statuses that a page may have and keep: https://vercel.com/docs/caching/cdn-cache#cacheable-response-criteria */
const cacheableStatuses = new Set([200, 301, 302, 303, 307, 308, 404, 410]);

/** Of one answer only, made by the edge, or meant for this cache alone. */
const droppedHeaders = new Set([
  ...consumedHeaders,
  "age",
  "connection",
  "content-length",
  "date",
  "server",
  "x-evenkeel-deployment",
  "x-matched-path",
  "x-vercel-cache",
  "x-vercel-id",
]);

/** What a page depends on besides its own code and data: an answer made for everybody has no business with cookies. */
export type PageAnswer =
  | { kind: "page"; content: AnswerContent }
  /** For this one client: marked as private, with a cookie, or with a status that says nothing of the page. */
  | { kind: "personal" }
  /** The function failed. */
  | { kind: "failed" };

/** @param createdMs epoch milliseconds at which the render began. */
export function readPageAnswer(
  { status, headers, body }: UpstreamAnswer,
  prerender: Prerender,
  createdMs: number,
): PageAnswer {
  if (status >= 500) return { kind: "failed" };
  const header = headerIn(headers);
  // A shell without its state could never be completed: everybody would get half a page.
  const isShell = header("x-nextjs-postponed") === "1" && prerender.chain !== undefined;
  if (isShell && !readPreRenderType(header("content-type"))) return { kind: "failed" };
  const policy = readCachePolicy(header);
  if (policy.forbidden || !cacheableStatuses.has(status) || header("set-cookie") !== undefined) {
    return { kind: "personal" };
  }
  // Next.js names the lifetime of each render anew; other frameworks leave it to the output.
  const freshS = policy.freshS ?? (prerender.expiration === false ? undefined : prerender.expiration);
  const expiresS =
    policy.freshS !== undefined && policy.staleS > 0
      ? policy.freshS + policy.staleS
      : prerender.staleExpiration;
  return {
    kind: "page",
    content: {
      status,
      ...bodyAndHeaders(headers, body),
      createdMs,
      staleMs: after(createdMs, freshS),
      expiresMs: after(createdMs, expiresS),
      tags: readTags(headers),
    },
  };
}

/**
 * The page as the build made it. Where it only stands in for a page with parameters of its own it is stale at once, so that the page itself is
 * rendered behind it.
 */
export function fallbackContent(
  prerender: Prerender,
  body: Buffer,
  page: PageIdentity,
  { createdAtMs }: ServedDeployment,
): AnswerContent {
  const given: [string, string][] = Object.entries(prerender.initialHeaders ?? {}).map(([name, value]) => [
    name.toLowerCase(),
    String(value),
  ]);
  const fileType = prerender.fallback!.contentType;
  const named = headerIn(given)("content-type");
  const type = named === undefined || readPreRenderType(fileType) ? fileType : named;
  const headers: Pairs = [...given.filter(([name]) => name !== "content-type"), ["content-type", type]];
  const { expiration, staleExpiration } = prerender;
  return {
    status: prerender.initialStatus ?? 200,
    ...bodyAndHeaders(headers, body),
    createdMs: createdAtMs,
    staleMs: page.specific ? 0 : after(createdAtMs, expiration === false ? undefined : expiration),
    expiresMs: page.specific ? Number.POSITIVE_INFINITY : after(createdAtMs, staleExpiration),
    tags: readTags(headers),
  };
}

const after = (createdMs: number, seconds: number | undefined): number =>
  seconds === undefined ? Number.POSITIVE_INFINITY : createdMs + seconds * 1_000;

function bodyAndHeaders(headers: Pairs, body: Buffer): Pick<AnswerContent, "headers" | "body" | "postponed"> {
  const header = headerIn(headers);
  const partial = readPreRenderType(header("content-type"));
  const kept: [string, string][] = [];
  for (const [name, value] of headers) {
    if (droppedHeaders.has(name) || name === "cache-control" || name === "content-type") continue;
    kept.push([name, value]);
  }
  kept.push(["cache-control", browserCacheControl(header("cache-control"))]);
  const type = partial?.origin ?? header("content-type");
  if (type !== undefined) kept.push(["content-type", type]);
  if (!partial) return { headers: kept, body };
  return {
    headers: kept,
    body: body.subarray(partial.stateLengthBytes),
    postponed: body.subarray(0, partial.stateLengthBytes),
  };
}

function readTags(headers: Pairs): string[] {
  const header = headerIn(headers);
  return [header("x-next-cache-tags"), header("vercel-cache-tag")]
    .flatMap((tags) => tags?.split(",") ?? [])
    .map((tag) => tag.trim())
    .filter((tag) => tag !== "");
}
