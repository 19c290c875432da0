import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { toleranceMs, verifyWebhook } from "./verify-webhook.ts";

const [key, before] = ["k".repeat(40), "o".repeat(40)];
const body = Buffer.from('{"message":{}}');
const now = 1_800_000_000_000;
const sign = (secret: string, atMs = now, of: Buffer = body) => {
  const timestamp = String(Math.floor(atMs / 1_000));
  return {
    timestamp,
    signature: createHmac("sha256", secret).update(`${timestamp}.`).update(of).digest("hex"),
  };
};
const verdict = (headers: { signature: string | null; timestamp: string | null }, keys = [key], of = body) =>
  verifyWebhook(of, headers, keys, now);

test("a message with our key is genuine, also with the one before while it is being changed", () => {
  assert.equal(verdict(sign(key)), "genuine");
  assert.equal(verdict(sign(before)), "forged");
  assert.equal(verdict(sign(before), [key, before]), "genuine");
  assert.equal(verdict(sign(key), [key, before]), "genuine");
});

test("what was changed, is old, or is not signed is refused", () => {
  assert.equal(verdict(sign(key), [key], Buffer.from('{"message":{ }}')), "forged");
  assert.equal(verdict({ ...sign(key), timestamp: String(now / 1_000 - 1) }), "forged");
  assert.equal(verdict(sign(key, now - toleranceMs - 2_000)), "stale");
  assert.equal(verdict(sign(key, now + toleranceMs + 2_000)), "stale");
  assert.equal(verdict({ signature: null, timestamp: "1" }), "unsigned");
  assert.equal(verdict({ signature: "", timestamp: "NaN" }), "forged");
  assert.equal(verdict({ signature: "é", timestamp: String(now / 1_000) }), "forged");
});
