import { expect, test } from "bun:test";
import { until } from "../testing/until.ts";
import { AnswerCache } from "./answer-cache.ts";
import { CachedAnswer } from "./cached-answer.ts";

const answer = (bytes: number, type = "image/png") =>
  new CachedAnswer({
    status: 200,
    headers: [["content-type", type]],
    body: Buffer.alloc(bytes, "x"),
    createdMs: 0,
    staleMs: Number.POSITIVE_INFINITY,
    expiresMs: Number.POSITIVE_INFINITY,
    tags: [],
  });

test("memory stays below its limit, and what is asked for stays longer than what is not", () => {
  const cache = new AnswerCache(100_000);
  for (let index = 0; index < 1_000; index++) {
    cache.set(`k${index}`, answer(1_000));
    if (index > 0) cache.get("k0");
  }
  expect(cache.size).toBeLessThan(100);
  expect(cache.get("k0")).toBeDefined();
  expect(cache.get("k500")).toBeUndefined();
});

test("an answer larger than the whole memory does not stay", () => {
  const cache = new AnswerCache(10_000);
  cache.set("k", answer(50_000));
  expect(cache.get("k")).toBeUndefined();
});

test("answers of a prefix can be dropped together", () => {
  const cache = new AnswerCache(1e6);
  cache.set("a\n1", answer(1));
  cache.set("b\n1", answer(1));
  cache.deletePrefix("a\n");
  expect(cache.get("a\n1")).toBeUndefined();
  expect(cache.get("b\n1")).toBeDefined();
});

test("a coding is made for those who ask later, never for pictures or tiny bodies", async () => {
  const page = answer(10_000, "text/html; charset=utf-8");
  expect(page.coding(["br", "gzip"])).toBeUndefined();
  await until(() => page.coding(["br", "gzip"]) === "br");
  expect(page.body("br").length).toBeLessThan(page.body(undefined).length);
  expect(answer(10_000).compressible).toBe(false);
  expect(answer(10, "text/html").compressible).toBe(false);
}, 60_000);
