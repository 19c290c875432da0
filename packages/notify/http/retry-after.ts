/** Nobody is made to wait longer: who asks for more is asked again. */
const longestMs = 15 * 60_000;

/** `Retry-After`, seconds or a date (RFC 9110, 10.2.3), in milliseconds from now; undefined where there is none that can be read. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(longestMs, Math.max(0, ms));
}
