import { parseFlagSet } from "@evenkeel/flags";
import { FlagdCore } from "@openfeature/flagd-core";
import {
  type EvaluationContext,
  OpenFeature,
  type Provider,
  type ResolutionDetails,
} from "@openfeature/server-sdk";
import { request } from "../../e2e/harness/http.ts";
import type { Bench, Program } from "../bench.ts";
import { PeerFailedError } from "../errors.ts";
import { BenchPlatform } from "../platform/bench-platform.ts";
import { writePrebuiltApp } from "../platform/prebuilt-app.ts";
import { type Figure, formatCount } from "../report/figure.ts";
import { median, percentile } from "../statistics.ts";

const evaluationsPerRound = 200_000;
const changesPerRound = 20;
const answerLimitMs = 10_000;
const app = "flags";
const flag = "NEW_EDITOR";

const set = {
  flags: {
    [flag]: {
      state: "ENABLED",
      variants: { on: true, off: false },
      defaultVariant: "off",
      targeting: { if: [{ ends_with: [{ var: "email" }, "@example.com"] }, "on", null] },
    },
  },
};

export const flags: Program = {
  name: "flags",
  title: "Feature flags",
  tools: [],
  conditions: `Evaluation: \`getBooleanValue\` of OpenFeature's server SDK over \`@openfeature/flagd-core\` as the edges use it, its rules
interpreted; a flag with a targeting rule, one process, one core, each awaited before the next. Changes: from the begin of the API call that changes a flag to the first answer of
a function that asked by OFREP and got the new value. Each call ends only when all edges have acknowledged.`,

  async run(bench: Bench): Promise<Figure[]> {
    const evaluation = await measureEvaluation(bench);
    const change = await measureChange(bench);
    return [evaluation, change];
  },
};

async function measureEvaluation(bench: Bench): Promise<Figure> {
  await OpenFeature.setProviderAndWait("bench", inProcessProvider());
  const client = OpenFeature.getClient("bench");
  const samples: number[] = [];
  try {
    for (let round = 0; round <= bench.rounds; round++) {
      bench.step(`Round ${round} of ${bench.rounds}: evaluating`);
      const beginMs = performance.now();
      for (let index = 0; index < evaluationsPerRound; index++) {
        const on = await client.getBooleanValue(flag, false, { email: "somebody@example.com" });
        if (!on) throw new PeerFailedError("The flag was evaluated wrongly");
      }
      // The first one compiles.
      if (round > 0) samples.push(((performance.now() - beginMs) * 1_000) / evaluationsPerRound);
    }
  } finally {
    await OpenFeature.close();
  }
  const each = median(samples);
  return {
    id: "flag-evaluation",
    what: "flag evaluation through the SDK, in process",
    // 200,000 a second.
    goal: { kind: "limit", most: 5, unit: "µs" },
    value: each,
    measured: `${each.toFixed(2)} µs, ${formatCount(1_000_000 / each)} a second`,
    samples,
  };
}

function inProcessProvider(): Provider {
  const silent = { error() {}, warn() {}, info() {}, debug() {} };
  const core = new FlagdCore(undefined, silent, { disableDynamicCodeGeneration: true });
  core.setConfigurations(JSON.stringify(parseFlagSet(JSON.stringify(set), "flags")));
  const resolve = (key: string, fallback: boolean, context: EvaluationContext) =>
    Promise.resolve(core.resolveBooleanEvaluation(key, fallback, context) as ResolutionDetails<boolean>);
  const other = () => Promise.reject(new Error("Only boolean flags are measured"));
  return {
    ...{ metadata: { name: "flagd-core" }, runsOn: "server", resolveBooleanEvaluation: resolve },
    ...{ resolveStringEvaluation: other, resolveNumberEvaluation: other, resolveObjectEvaluation: other },
  };
}

async function measureChange(bench: Bench): Promise<Figure> {
  const platform = await BenchPlatform.start(bench);
  const folder = bench.makeFolder("flags-app");
  const source = `module.exports = async (_request, response) => {
    const answer = await fetch(process.env.OFREP_ENDPOINT + "/ofrep/v1/evaluate/flags/${flag}", { method: "POST", body: "{}" });
    response.json((await answer.json()).value);
  };\n`;
  writePrebuiltApp(folder, { functions: { "api/flag": source } });
  await platform.deployPrebuilt(folder, app);
  const of = { app: app as never, environment: "production" as const };
  await platform.control.pushFlags({ ...of, set });
  const value = async () =>
    (await request({ port: platform.port, host: `${app}.localhost`, path: "/api/flag" })).text();
  const samples: number[] = [];
  const count = changesPerRound * bench.rounds;
  for (let change = 0; change < count; change++) {
    if (change % 10 === 0) bench.step(`Change ${change} of ${count}`);
    const on = change % 2 === 0;
    const beginMs = performance.now();
    await platform.control.overrideFlag({ ...of, flag, variant: on ? "on" : "off" });
    while ((await value()) !== String(on)) {
      if (performance.now() - beginMs > answerLimitMs)
        throw new PeerFailedError("A change did not reach the instance");
    }
    samples.push(performance.now() - beginMs);
  }
  return {
    id: "flag-change",
    what: "change of a flag to the first answer that follows it",
    goal: { kind: "limit", most: 1_000, unit: "ms", statistic: "p99" },
    value: percentile(samples, 0.99),
    measured: `${percentile(samples, 0.99).toFixed(1)} ms (p50 ${median(samples).toFixed(1)} ms)`,
    samples,
  };
}
