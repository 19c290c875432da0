/**
 * How a page that Next.js rendered only in part (Partial Prerendering) comes from an instance or stands in a prerender's fallback file: the
 * postponed state, then the shell, told apart by the content type
 * `application/x-nextjs-pre-render; state-length=<bytes>; origin="<content type of the shell>"`.
 *
 * Next.js itself hands the two parts to its platform only by a call-back, so the launcher has to write this form: it calls the function's
 * `getRequestHandlerWithMetadata({ onCacheEntryV2, onCacheEntry })` where the module exports it (else passes the same object as
 * `requestMeta`), and for an entry `value.kind === "APP_PAGE"` with a string `value.postponed` answers `value.status` and
 * `value.headers` with this content type and returns true; for all others it returns false.
 *
 * The edge sends the shell at once and asks the function of `chain.outputPath` for the rest: `POST` with the headers of the chain
 * (`next-resume: 1`), the client's own headers, and the postponed state as the body.
 */
export interface PreRenderType {
  stateLengthBytes: number;
  /** Content type of the shell. */
  origin: string;
}

export const preRenderContentType = (stateLengthBytes: number, origin: string): string =>
  `application/x-nextjs-pre-render; state-length=${stateLengthBytes}; origin=${JSON.stringify(origin)}`;

/** Reads such a content type; undefined for any other. */
export function readPreRenderType(contentType: string | undefined): PreRenderType | undefined {
  if (!contentType?.startsWith("application/x-nextjs-pre-render")) return undefined;
  const length = /;\s*state-length=(\d+)/.exec(contentType);
  const origin = /;\s*origin=("(?:[^"\\]|\\.)*")/.exec(contentType);
  if (!length || !origin) return undefined;
  return { stateLengthBytes: Number(length[1]), origin: JSON.parse(origin[1]!) as string };
}
