/** What a request's conditions ask for, given that it would be answered with 200. */
export type ConditionResult = "proceed" | "not_modified" | "failed";

const entityTag = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g;

/**
 * Evaluates `If-Match` and `If-None-Match` (RFC 9110, 13.2.2). Stored files have no date of change that would mean anything, so conditions on
 * dates are ignored and `last-modified` is never sent.
 *
 * @param etag strong, with its quotes.
 */
export function evaluateConditions(
  ifMatch: string | undefined,
  ifNoneMatch: string | undefined,
  etag: string,
): ConditionResult {
  if (ifMatch !== undefined && ifMatch.trim() !== "*" && !tags(ifMatch).includes(etag)) return "failed";
  if (ifNoneMatch === undefined) return "proceed";
  const unchanged = ifNoneMatch.trim() === "*" || tags(ifNoneMatch).some((tag) => strip(tag) === etag);
  return unchanged ? "not_modified" : "proceed";
}

/** `If-Range` (RFC 9110, 13.1.5): strong comparison; a date never matches. */
export const rangeStillHolds = (ifRange: string | undefined, etag: string): boolean =>
  ifRange === undefined || ifRange.trim() === etag;

const tags = (list: string): string[] => list.match(entityTag) ?? [];
const strip = (tag: string): string => (tag.startsWith("W/") ? tag.slice(2) : tag);
