import { expect, test } from "bun:test";
import type { AppName, EnvironmentName, SignalOrigin } from "@evenkeel/model";
import { type OutageNews, OutageWatch } from "./outage-watch.ts";

const live: SignalOrigin[] = ["edge"];
const second = (
  at: number,
  requests: number,
  errors: number,
  environment: EnvironmentName = "production",
) => ({
  ...{ atMs: at * 1_000, live },
  samples: [{ app: "shop" as AppName, environment, counts: { requests, errors } }],
});
/** What is told in each second: `o` out, `r` recovered, `s` silent. */
function told(seconds: [requests: number, errors: number][], watch = new OutageWatch()): string {
  const word = ({ out, recovered, silent }: OutageNews) =>
    out.length > 0 ? "o" : recovered.length > 0 ? "r" : silent.length > 0 ? "s" : ".";
  return seconds.map(([requests, errors], at) => word(watch.take(second(at, requests, errors)))).join("");
}
const bad: [number, number] = [10, 10];
const good: [number, number] = [10, 0];
const quiet: [number, number] = [0, 0];

test("ten seconds of failures are an outage, nine are none, and one good second begins them anew", () => {
  expect(told(Array(12).fill(bad))).toBe(".........ooo");
  expect(told([...Array(9).fill(bad), good, ...Array(9).fill(bad)])).not.toContain("o");
});

test("it is over after seconds of good answers, and failures of a few requests among many are none", () => {
  expect(told([...Array(10).fill(bad), ...Array(6).fill(good), bad, good])).toBe(`.........o.....r..`);
  expect(told(Array(30).fill([100, 49]))).not.toContain("o");
});

test("two failures are no outage, however long; and of silence nothing is made up, it is asked for", () => {
  expect(told([[1, 1], ...Array(14).fill(quiet), [1, 1]])).not.toContain("o");
  expect(told([...Array(10).fill(bad), ...Array(16).fill(quiet)])).toMatch(/o\.+s/);
});

test("a second of which no edge tells says nothing, and previews are nobody's outage", () => {
  const watch = new OutageWatch();
  for (let at = 0; at < 20; at++) {
    expect(watch.take({ ...second(at, 10, 10), live: [] }).out).toEqual([]);
    expect(watch.take(second(at, 10, 10, "preview")).out).toEqual([]);
  }
});
