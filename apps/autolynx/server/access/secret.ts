import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** What is kept of a token: whoever reads the database cannot use it. */
export const hashOf = (token: string): Buffer => createHash("sha256").update(token).digest();

export const newToken = (): string => randomBytes(32).toString("base64url");

/** Compared without telling by time how much of it was right. */
export const sameSecret = (given: string, expected: string): boolean =>
  timingSafeEqual(hashOf(given), hashOf(expected));
