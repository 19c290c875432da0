import { expect, test } from "bun:test";
import { describeGoal, describeRatio, type Figure, isMet } from "./figure.ts";
import { figureTable, figureTableMarkdown } from "./figure-table.ts";

const against = (value: number, least = 1): Figure => ({
  id: "static",
  what: "static file",
  goal: { kind: "ratio", least, peer: "nginx" },
  value,
  measured: "82,140 req/s; nginx 77,010",
  samples: [value],
});
const limited = (value: number, most: number): Figure => ({
  ...against(value),
  goal: { kind: "limit", most, unit: "ms", statistic: "p50" },
  measured: `${value} ms`,
});

test("a ratio has to reach its goal, an amount has to stay below it", () => {
  expect([1.2, 1, 0.999].map((value) => isMet(against(value)))).toEqual([true, true, false]);
  expect([19, 20, 20.1].map((value) => isMet(limited(value, 20)))).toEqual([true, true, false]);
  expect([0, 1].map((value) => isMet(limited(value, 0)))).toEqual([true, false]);
  expect(isMet(against(Number.NaN))).toBe(false);
});

test("a time has to stay below the peer's", () => {
  const timed = (value: number): Figure => ({
    ...against(value),
    goal: { kind: "time", most: 1, peer: "pgBackRest" },
  });
  expect([0.8, 1, 1.001].map((value) => isMet(timed(value)))).toEqual([true, true, false]);
  expect(describeGoal(timed(1).goal)).toBe("≤ 1 × the time of pgBackRest");
  expect(describeRatio(timed(1.0001))).toBe("1.01");
});

test("what is just missed is never written as reached", () => {
  expect(describeRatio(against(0.9999))).toBe("0.999");
  expect(describeRatio(against(14.99, 15))).toBe("14.9");
  expect(describeRatio(limited(20.01, 20))).toBe("101 % of it");
});

test("goals are written as people say them", () => {
  expect(describeGoal(against(1, 0.7).goal)).toBe("≥ 0.7 × nginx");
  expect(describeGoal(limited(1, 1_150).goal)).toBe("p50 ≤ 1,150 ms");
  expect(describeGoal({ kind: "limit", most: 1, unit: "%" })).toBe("≤ 1 %");
  expect(describeGoal({ kind: "limit", most: 0.05, unit: "%" })).toBe("≤ 0.05 %");
  expect(describeRatio(limited(0, 0))).toBe("–");
});

test("the table says goal, measurement, ratio and verdict", () => {
  expect(figureTable([against(1.0666), limited(25, 20)])).toBe(
    [
      "WHAT         GOAL         MEASURED                    RATIO        MET",
      "static file  ≥ 1 × nginx  82,140 req/s; nginx 77,010  1.06         yes",
      "static file  p50 ≤ 20 ms  25 ms                       125 % of it  no",
    ].join("\n"),
  );
  expect(figureTableMarkdown([limited(25, 20)])).toBe(
    [
      "| What | Goal | Measured | Ratio | Met |",
      "| --- | --- | --- | --- | --- |",
      "| static file | p50 ≤ 20 ms | 25 ms | 125 % of it | **no** |",
    ].join("\n"),
  );
});
