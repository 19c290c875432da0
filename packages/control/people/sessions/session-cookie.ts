import { createHmac, timingSafeEqual } from "node:crypto";

/**
 * `__Host-`: only this very host can set it, for all paths and over a channel that is trustworthy; a page of an app below the platform's domain
 * cannot plant one. Browsers take `Secure` cookies from `http://localhost` and loopback addresses, too.
 */
export const cookiePrefix = "__Host-evenkeel";
export const sessionCookieName = `${cookiePrefix}.session_token`;
export const deviceCookieName = `${cookiePrefix}.device`;

export const cookieAttributes = { path: "/", secure: true, httpOnly: true, sameSite: "strict" } as const;
const attributesText = "Path=/; HttpOnly; Secure; SameSite=Strict";

/** `name=value.signature`, as better-auth signs cookies: HMAC-SHA256 in base64. @param maxAgeS absent: until the browser is closed */
export function signedCookie(name: string, value: string, secret: string, maxAgeS?: number): string {
  const text = encodeURIComponent(`${value}.${signature(value, secret)}`);
  return `${name}=${text}; ${maxAgeS === undefined ? "" : `Max-Age=${maxAgeS}; `}${attributesText}`;
}

export const expiredCookie = (name: string): string => `${name}=; Max-Age=0; ${attributesText}`;

/** Its value, if this platform has signed it. */
export function readSignedCookie(
  header: string | undefined,
  name: string,
  secret: string,
): string | undefined {
  const text = cookieNamed(header, name);
  const end = text?.lastIndexOf(".") ?? -1;
  if (text === undefined || end <= 0) return undefined;
  const value = text.slice(0, end);
  const given = Buffer.from(text.slice(end + 1));
  const wanted = Buffer.from(signature(value, secret));
  return given.length === wanted.length && timingSafeEqual(given, wanted) ? value : undefined;
}

/** Undefined as well for one that is there twice: nobody honest sends that. */
function cookieNamed(header: string | undefined, name: string): string | undefined {
  const found = (header ?? "")
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`));
  if (found.length !== 1) return undefined;
  try {
    return decodeURIComponent(found[0]!.slice(name.length + 1));
  } catch {
    return undefined;
  }
}

const signature = (value: string, secret: string): string =>
  createHmac("sha256", secret).update(value).digest("base64");
