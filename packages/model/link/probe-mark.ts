import { createHmac, timingSafeEqual } from "node:crypto";
import { internalHeaderPrefix } from "./internal-headers.ts";

/**
 * On requests by which the platform itself looks at an app: health checks, smoke tests, the confirmation of a release. They are no traffic, so
 * edges count them apart. Like all of its prefix never seen by an app.
 */
export const probeHeader = `${internalHeaderPrefix}probe`;

/** Nobody else can make it, and it holds at this host alone. @param key contents of `HomeLayout.probeKey` */
export const probeMark = (key: Uint8Array, host: string): string =>
  createHmac("sha256", key).update(host).digest("base64url");

export function isProbeMark(key: Uint8Array, host: string, given: string): boolean {
  const expected = Buffer.from(probeMark(key, host));
  const bytes = Buffer.from(given);
  return bytes.length === expected.length && timingSafeEqual(bytes, expected);
}
