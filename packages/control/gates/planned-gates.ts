import type { Gate } from "../api/contract/index.ts";
import type { ReleasePlan } from "./release-plan.ts";

export interface PlannedGate {
  name: string;
  stage: Gate["stage"];
  /** A command line, as in a script of `package.json`. */
  run: string;
  timeoutMs: number;
}

/** Names of checks that look at a running deployment. */
const ofUrl = /e2e|end[-_ ]?to[-_ ]?end|visual|playwright|cypress|lighthouse|acceptance|smoke/i;

/** The commands of a plan by the time at which they are run: those that need an answering deployment come when there is one. Pure. */
export function plannedGates({ pipelineChecks, smokeTests }: ReleasePlan): PlannedGate[] {
  const checks = pipelineChecks.map(
    ({ name, run, timeoutMs }): PlannedGate => ({
      ...{ name, run, timeoutMs, stage: ofUrl.test(name) ? "url" : "build" },
    }),
  );
  const smoke = smokeTests.flatMap((test): PlannedGate[] =>
    "run" in test ? [{ name: test.name, run: test.run, timeoutMs: test.timeoutMs, stage: "url" }] : [],
  );
  return [...checks, ...smoke];
}
