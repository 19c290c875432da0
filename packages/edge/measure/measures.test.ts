import { expect, test } from "bun:test";
import { type DeploymentId, type EdgeMeasure, latencyBucketsMs } from "@evenkeel/model";
import { latencyBucket, Measures } from "./measures.ts";

test("a latency falls into the first bucket that is not below it, the slowest into the last", () => {
  expect(latencyBucket(0)).toBe(0);
  for (const [index, bound] of latencyBucketsMs.entries()) {
    expect(latencyBucket(bound)).toBe(index);
    if (index + 1 < latencyBucketsMs.length) expect(latencyBucket(bound * 1.01)).toBe(index + 1);
  }
  expect(latencyBucket(1e9)).toBe(latencyBucketsMs.length - 1);
});

test("counts are told once, by deployment and status class, and begin again at zero", () => {
  const told: EdgeMeasure[][] = [];
  const measures = new Measures((_atMs, batch) => told.push(batch));
  const a = measures.of("aaaaaaaaa" as DeploymentId);
  measures.count(a, 200, 1, 10, 1_000);
  measures.count(a, 503, 2, 0, 100);
  measures.count(a, 0, 2, 0, 0);
  a.prerenderHits++;
  measures.flush();
  measures.flush();
  expect(told.length).toBe(1);
  expect(told[0]![0]).toMatchObject({
    deployment: "aaaaaaaaa",
    statuses: [0, 1, 0, 1, 1],
    requestBytes: 10,
    responseBytes: 1_100,
    prerenderHits: 1,
  });
  expect(told[0]![0]!.latency.reduce((sum, count) => sum + count)).toBe(3);
  measures.count(a, 200, 1, 1, 1);
  measures.flush();
  expect(told[1]![0]).toMatchObject({ statuses: [0, 1, 0, 0, 0], requestBytes: 1, prerenderHits: 0 });
});
