import { plannedGates } from "../../gates/planned-gates.ts";
import { releasePlan } from "../../gates/release-plan.ts";
import { runGates } from "../../gates/run-gates.ts";
import type { PipelineStep } from "../pipeline-step.ts";

/**
 * Runs what has to pass before anything is released and needs no running deployment: types, lint, unit tests. In the folder of the build, which
 * commands of the stage `url` want as well.
 */
export const gatesStep: PipelineStep = {
  name: "gates",
  state: "building",
  async run(job, parts) {
    const gates = plannedGates(await releasePlan(parts.database, job.deployment));
    if (gates.length === 0) return "unneeded";
    if (job.deployment.kind === "prebuilt") {
      job.log.note(`Built elsewhere: ${gates.map(({ name }) => name).join(", ")} cannot be run here`);
      return "unneeded";
    }
    const ofBuild = gates.filter(({ stage }) => stage === "build");
    await runGates(job, parts, ofBuild);
    return { gates: ofBuild.length, later: gates.length > ofBuild.length };
  },
};
