import assert from "node:assert/strict";
import { test } from "node:test";
import { overLimitReason } from "./call-status.ts";
import { type Fact, foldFacts } from "./fold-facts.ts";

const fold = (...facts: Partial<Fact>[]) =>
  foldFacts(
    facts.map((fact, index) => ({
      key: String(index),
      fact: { kind: "status", atMs: index, providerCallId: "p", ...fact } as Fact,
    })),
  );

const story: Partial<Fact>[] = [
  { atMs: 1, status: "queued" },
  { atMs: 2, status: "ringing" },
  { atMs: 3, status: "in-progress" },
  { atMs: 90, status: "ended", endedReason: "customer-ended-call" },
  {
    kind: "report",
    atMs: 91,
    status: "ended",
    endedReason: "customer-ended-call",
    endedAtMs: 90,
    cost: 0.1234,
    summary: "Fine",
  },
  { kind: "snapshot", atMs: 2, status: "ringing", cost: 0 },
];

test("every order of the same facts is the same call", () => {
  const expected = fold(...story);
  assert.equal(expected.status, "COMPLETED");
  assert.deepEqual([expected.costMicrodollars, expected.durationMs, expected.settled], [123_400, 87, true]);
  const all = story.map((fact, index) => ({
    key: String(index),
    fact: { kind: "status", providerCallId: "p", ...fact } as Fact,
  }));
  const orders = <Item>(items: Item[]): Item[][] =>
    items.length < 2
      ? [items]
      : items.flatMap((item, index) => orders(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
  for (const order of orders(all)) assert.deepEqual(foldFacts(order), expected);
});

test("a call's state never goes back, and is known from any part of its facts", () => {
  assert.equal(fold({ status: "ended", endedReason: "customer-busy" }, { status: "queued" }).status, "BUSY");
  assert.equal(fold({ status: "in-progress" }, { status: "ringing" }).status, "IN_PROGRESS");
  assert.equal(fold().status, "INTENDED");
  assert.equal(fold({ status: "ended", endedReason: overLimitReason }).status, "NOT_PLACED");
});

test("impossible costs count for nothing and are told; a late one corrects", () => {
  const ended = { kind: "report", status: "ended", endedReason: "customer-ended-call" } as const;
  const negative = fold({ ...ended, cost: -3 });
  assert.deepEqual([negative.costMicrodollars, negative.oddities], [null, ["impossible_cost"]]);
  assert.equal(fold({ ...ended, cost: 0.2 }, { ...ended, cost: -1 }).costMicrodollars, 200_000);
  assert.equal(fold({ ...ended, cost: 0.2 }, { ...ended, cost: 0.25 }).costMicrodollars, 250_000);
  assert.equal(fold({ ...ended, cost: Number.NaN }).costMicrodollars, null);
});

test("an end without a start was no conversation", () => {
  const call = fold({ kind: "report", status: "ended", endedReason: "customer-ended-call", endedAtMs: 5 });
  assert.deepEqual([call.status, call.startedAtMs, call.durationMs], ["NO_ANSWER", null, null]);
  assert.deepEqual(fold({ status: "ended", endedReason: "voicemail" }).oddities, ["end_without_start"]);
});

test("an end that only a status tells is not the whole of it", () => {
  assert.equal(fold({ status: "ended", endedReason: "customer-ended-call" }).settled, false);
  assert.equal(fold({ kind: "snapshot", status: "ended", cost: 0.1 }).settled, true);
});
