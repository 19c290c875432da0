import { expect, test } from "bun:test";
import { type ConditionContext, conditionText, readCondition } from "./condition.ts";
import type { AppMetric } from "./measure.ts";

const metrics: Record<string, AppMetric> = { calls: { kind: "gauge" } };
const read = (text: string | number, how: Omit<ConditionContext, "metrics"> = {}) =>
  conditionText(readCondition(text, { metrics, ...how }));

test.each([
  ["error_rate > 5% for 5 minutes", {}, "error_rate > 5 % over 5 min"],
  ["5%", { measure: "error_rate", windowMs: 300_000 }, "error_rate > 5 % over 5 min"],
  ["p95 > 5 seconds", { measure: "response_time" }, "response_time_p95 > 5 s over 1 min"],
  ["response_time_p95 > 3s", {}, "response_time_p95 > 3 s over 1 min"],
  ["response_time_p95_over_30s", {}, "response_time_p95 > 30 s over 1 min"],
  ["error_rate_over_10_percent", {}, "error_rate > 10 % over 1 min"],
  ["connection_pool_utilization > 80%", {}, "database_connections > 80 % over 1 min"],
  ["health_check_fails_3_consecutive", {}, "3 failed health checks in a row"],
  [2000, { measure: "responseTime" }, "response_time > 2 s over 1 min"],
  [6, { measure: "calls" }, "app.calls > 6 over 1 min"],
  ["< 2s", { measure: "response_time_p95", isTarget: true }, "response_time_p95 >= 2 s over 1 min"],
  ["p99.9 > 1s", { measure: "latency" }, "response_time_p999 > 1 s over 1 min"],
  ["LCP > 2.5s for 1 hour", {}, "lcp > 2.5 s over 1 h"],
  ["cumulative_layout_shift > 0.1", {}, "cls > 0.1 over 1 min"],
  ["in_flight > 200 for 10 seconds", {}, "in_flight > 200 over 10 s"],
] as const)("%p is a condition", (text, how, said) => expect(read(text, how)).toBe(said));

test.each([
  ["eror_rate > 5%", {}, 'Nothing measures "eror_rate"; did you mean "error_rate"?'],
  ["error_rate > 120%", {}, "no share is over 100 %"],
  ["error_rate > 100%", {}, "would never be so"],
  ["error_rate < 0%", {}, "nothing is below zero"],
  ["error_rate > 5% for 2 hours", {}, "longer than the history"],
  ["error_rate > 5% for 100 ms", {}, "shorter than a second"],
  ["error_rate_p95 > 5%", {}, "has no percentiles"],
  ["> 5%", {}, "names nothing that is measured"],
  ["response_time > soon", {}, "is no time"],
] as const)("%p is refused", (text, how, why) => expect(() => read(text, how)).toThrow(why));
