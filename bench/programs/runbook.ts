import { evaluate, initialState, readRunbook, SignalHistory } from "@evenkeel/runbook";
import { brokenInvariant, brokenMonotony, signalSequences } from "@evenkeel/runbook/testing/invariants";
import { signalsOfSecond } from "@evenkeel/runbook/testing/watched-seconds";
import fc from "fast-check";
import type { Bench, Program } from "../bench.ts";
import { type Figure, formatCount } from "../report/figure.ts";
import { median } from "../statistics.ts";

const clauseCount = 1_000;
const hourS = 3_600;
const sequences = 100_000;
const startS = 1_800_000_000;

export const runbook: Program = {
  name: "runbook",
  title: "Runbooks",
  tools: [],
  conditions: `Evaluation: ${formatCount(clauseCount)} triggers of error rate and percentiles, each with a threshold and a window (1 second to an hour)
of its own, over an hour of one-second signals at 100 requests/s, once a second for a minute; one process, one core. Taking in a second is
measured apart. Invariants: random sequences of traffic that fails, slows, falls silent or is not measured, each evaluated second by second, twice, and
held against sums counted one by one.`,

  async run(bench: Bench): Promise<Figure[]> {
    return [...measureEvaluation(bench), holdInvariants(bench)];
  },
};

function measureEvaluation(bench: Bench): Figure[] {
  const { clauses } = readRunbook({ file: "runbook.ts", value: { rollbackTriggers: manyTriggers() } });
  const history = new SignalHistory(clauses);
  const target = { deployment: "d1", sinceS: startS };
  bench.step("An hour of seconds is taken in");
  let nowS = startS;
  const take = () => history.add(signalsOfSecond(++nowS, { requests: 100, errors: 1, deployment: "d1" }));
  while (nowS < startS + hourS) take();
  const evaluating: number[] = [];
  const taking: number[] = [];
  let state = initialState();
  for (let second = 0; second < 60 * bench.rounds; second++) {
    const beginMs = performance.now();
    take();
    const takenMs = performance.now();
    state = evaluate(clauses, history, nowS, state, target, "production").state;
    taking.push(takenMs - beginMs);
    evaluating.push(performance.now() - takenMs);
  }
  const figure = (id: string, what: string, samples: number[]): Figure => ({
    ...{ id, what, value: median(samples), samples },
    goal: { kind: "limit", most: 50, unit: "ms" },
    measured: `${median(samples).toFixed(2)} ms`,
  });
  return [
    figure("runbook-evaluation", "1,000 clauses over an hour of seconds, evaluated", evaluating),
    figure("runbook-second", "one second taken in for 1,000 clauses", taking),
  ];
}

function manyTriggers(): Record<string, object> {
  return Object.fromEntries(
    Array.from({ length: clauseCount }, (_, index) => {
      const window = `${1 + Math.floor((index * hourS) / clauseCount)} seconds`;
      const share = (5 + index / 50).toFixed(2);
      const trigger =
        index % 2 === 0 ? `error_rate > ${share}% for ${window}` : `p95 > ${200 + index} ms for ${window}`;
      return [`t${index}`, { trigger, action: "immediate_rollback" }];
    }),
  );
}

function holdInvariants(bench: Bench): Figure {
  const broken: string[] = [];
  const property = fc.property(signalSequences, fc.integer({ min: 0, max: 100 }), (seconds, more) => {
    const what = brokenInvariant(seconds) ?? brokenMonotony(seconds, more);
    if (what !== undefined) broken.push(what);
  });
  bench.step(`${formatCount(sequences)} random sequences`);
  fc.assert(property, { numRuns: sequences });
  for (const what of broken.slice(0, 5)) bench.note(what);
  return {
    ...{
      id: "runbook-invariants",
      what: "random sequences of signals that break an invariant of the engine",
    },
    goal: { kind: "limit", most: 0, unit: "cases" },
    ...{ value: broken.length, samples: [broken.length] },
    measured: `${broken.length} of ${formatCount(sequences)}`,
  };
}
