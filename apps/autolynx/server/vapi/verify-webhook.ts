import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** How far the sender's clock and ours may be apart, and how long a message may be under way. */
export const toleranceMs = 5 * 60_000;

export type Verdict = "genuine" | "unsigned" | "forged" | "stale";

/** Headers in which Vapi signs, as our credential there asks for; see `webhook-credential.ts`. */
export const signatureHeader = "x-autolynx-signature";
export const timestampHeader = "x-autolynx-timestamp";

/**
 * Whether a message is from whoever has one of our keys: HMAC-SHA256 over `timestamp.body`, over the bytes as they came.
 *
 * @param keys the key, and while it is being changed the one before
 */
export function verifyWebhook(
  body: Buffer,
  headers: { signature: string | null; timestamp: string | null },
  keys: readonly string[],
  nowMs: number,
): Verdict {
  const { signature, timestamp } = headers;
  if (signature === null || timestamp === null) return "unsigned";
  if (!/^\d{10}(\d{3})?$/.test(timestamp)) return "forged";
  const genuine = keys.map((key) => {
    const expected = createHmac("sha256", key).update(`${timestamp}.`).update(body).digest("hex");
    // Hashed, so that both have the same length and nothing of the comparison shows in its time.
    return timingSafeEqual(digest(expected), digest(signature.replace(/^sha256=/, "").toLowerCase()));
  });
  if (!genuine.includes(true)) return "forged";
  const sentMs = Number(timestamp) * (timestamp.length === 10 ? 1_000 : 1);
  return Math.abs(nowMs - sentMs) > toleranceMs ? "stale" : "genuine";
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
