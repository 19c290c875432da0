import assert from "node:assert/strict";
import { test } from "node:test";
import { retryAfterMs } from "../vapi/client.ts";
import { backOffMs } from "./back-off.ts";

const range = { firstMs: 1_000, longestMs: 60_000 };

test("waits grow, are spread, have an end, and are never shorter than asked for", () => {
  assert.deepEqual(
    [0, 1, 3, 10, 1_000].map((step) => [
      backOffMs(step, undefined, 0, range),
      backOffMs(step, undefined, 1, range),
    ]),
    [
      [500, 1_000],
      [1_000, 2_000],
      [4_000, 8_000],
      [30_000, 60_000],
      [30_000, 60_000],
    ],
  );
  assert.equal(backOffMs(0, 90_000, 0, range), 90_000);
});

test("Retry-After is read as seconds and as a date", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  assert.equal(retryAfterMs("7", now), 7_000);
  assert.equal(retryAfterMs("Thu, 01 Jan 2026 00:00:30 GMT", now), 30_000);
  assert.equal(retryAfterMs("soon", now), undefined);
  assert.equal(retryAfterMs("-5", now), 0);
});
