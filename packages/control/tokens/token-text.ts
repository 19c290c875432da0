import { createHash, timingSafeEqual } from "node:crypto";
import { randomId } from "@evenkeel/model";

/** `evk_<id>_<secret>`: the id finds the row, the secret (160 bits) is only kept as its hash. */
export interface TokenText {
  id: string;
  text: string;
  hash: Buffer;
}

export function newTokenText(id: string = randomId(10)): TokenText {
  const text = `evk_${id}_${randomId(32)}`;
  return { id, text, hash: hashToken(text) };
}

export function readTokenText(text: string): TokenText | undefined {
  const match = /^evk_([a-z0-9]{1,20})_[a-z0-9]{32}$/.exec(text);
  return match ? { id: match[1]!, text, hash: hashToken(text) } : undefined;
}

/** A plain hash is enough: unlike a password the secret cannot be guessed. */
const hashToken = (text: string): Buffer => createHash("sha256").update(text).digest();

export const sameHash = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && timingSafeEqual(a, b);
