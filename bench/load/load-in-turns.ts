import type { Bench } from "../bench.ts";
import { type Figure, formatCount } from "../report/figure.ts";
import { median, ratios } from "../statistics.ts";
import { runWrk, type Target } from "./wrk.ts";

/** Just-in-time compilers and caches of both sides get this long before anything counts. */
const warmUpSeconds = 3;

/** Requests per second of each target in each round. */
export type Rates = Map<Target, number[]>;

/** Loads all targets once a round, one after the other, each round the other way round: what drifts meets both sides alike. */
export async function loadInTurns(bench: Bench, targets: Target[]): Promise<Rates> {
  const rates: Rates = new Map(targets.map((target) => [target, []]));
  for (const target of targets) {
    bench.step(`Warming up ${target.name}`);
    await runWrk(bench, target, Math.min(warmUpSeconds, bench.seconds));
  }
  for (let round = 0; round < bench.rounds; round++) {
    for (const target of round % 2 === 0 ? targets : targets.toReversed()) {
      bench.step(`Round ${round + 1} of ${bench.rounds}: ${target.name}`);
      rates.get(target)!.push((await runWrk(bench, target, bench.seconds)).requestsPerSecond);
    }
  }
  return rates;
}

/** Our rate against a peer's. */
export function compareRates(
  rates: Rates,
  sides: { ours: Target; theirs: Target },
  goal: { id: string; what: string; least: number },
): Figure {
  const ours = rates.get(sides.ours)!;
  const theirs = rates.get(sides.theirs)!;
  const samples = ratios(ours, theirs);
  return {
    id: goal.id,
    what: goal.what,
    goal: { kind: "ratio", least: goal.least, peer: sides.theirs.name },
    value: median(samples),
    measured: `${formatCount(median(ours))} req/s; ${sides.theirs.name} ${formatCount(median(theirs))}`,
    samples,
  };
}
