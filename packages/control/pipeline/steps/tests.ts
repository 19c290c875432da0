import { removeBuildFolder } from "@evenkeel/build";
import { plannedGates } from "../../gates/planned-gates.ts";
import { releasePlan } from "../../gates/release-plan.ts";
import { runGates } from "../../gates/run-gates.ts";
import type { PipelineStep } from "../pipeline-step.ts";

/** Runs what looks at the deployment from outside, at its own URL, before anybody else sees it: end-to-end, visual, smoke tests. */
export const testsStep: PipelineStep = {
  name: "tests",
  state: "deploying",
  async run(job, parts) {
    const { deployment, results } = job;
    if (!results.gates?.["later"]) return "unneeded";
    const gates = plannedGates(await releasePlan(parts.database, deployment));
    await runGates(
      job,
      parts,
      gates.filter(({ stage }) => stage === "url"),
    );
    // Behind, as after the import.
    void removeBuildFolder(parts.layout, deployment.id).catch(() => {});
    return undefined;
  },
};
