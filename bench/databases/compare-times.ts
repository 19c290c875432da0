import type { Bench } from "../bench.ts";
import { type Figure, round } from "../report/figure.ts";
import { median, ratios } from "../statistics.ts";

/** What both do in one round, in milliseconds. */
export interface TimedSides {
  ours(): Promise<number>;
  theirs(): Promise<number>;
}

/** Both in turn, each first in every other round, with what was written before brought to disk. */
export async function timeInTurns(
  bench: Bench,
  what: string,
  sides: TimedSides,
): Promise<{ ours: number[]; theirs: number[] }> {
  const times = { ours: [] as number[], theirs: [] as number[] };
  for (let number = 0; number < bench.rounds; number++) {
    bench.step(`${what}, round ${number + 1} of ${bench.rounds}`);
    const order = number % 2 === 0 ? (["ours", "theirs"] as const) : (["theirs", "ours"] as const);
    for (const side of order) {
      await Bun.spawn(["sync"]).exited;
      times[side].push(await sides[side]());
    }
  }
  return times;
}

export function compareTimes(
  times: { ours: number[]; theirs: number[] },
  goal: { id: string; what: string; most: number; peer: string },
): Figure {
  const { id, what, most, peer } = goal;
  const samples = ratios(times.ours, times.theirs);
  return {
    ...{ id, what, goal: { kind: "time", most, peer }, value: median(samples), samples },
    measured: `${describeTimes(times.ours)}; ${peer} ${describeTimes(times.theirs)}`,
  };
}

/** `6.31 s (6.12 to 6.80)` */
export function describeTimes(times: readonly number[]): string {
  const seconds = (ms: number) => round(ms / 1_000);
  return `${seconds(median(times))} s (${seconds(Math.min(...times))} to ${seconds(Math.max(...times))})`;
}

/** In milliseconds. */
export async function timed(work: () => unknown): Promise<number> {
  const beginMs = performance.now();
  await work();
  return performance.now() - beginMs;
}
