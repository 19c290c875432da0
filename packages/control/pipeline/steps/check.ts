import { readOutput } from "@evenkeel/build";
import { checkConfiguration } from "../../deployments/check-configuration.ts";
import { getDeployment } from "../../deployments/deployment-row.ts";
import { openDeploymentVariables } from "../../deployments/deployment-variables.ts";
import { checkBudgets } from "../../gates/check-budgets.ts";
import { releasePlan } from "../../gates/release-plan.ts";
import { checkRelease } from "../../runbook/check-release.ts";
import type { PipelineStep } from "../pipeline-step.ts";

/** Has the app's own schema look at its variables, before anything starts with them, and sees that the build is within its budgets. */
export const checkStep: PipelineStep = {
  name: "check",
  state: "deploying",
  async run({ deployment, log, signal }, { layout, database, vault }) {
    const { output } = await getDeployment(database, deployment.id);
    const variables = await openDeploymentVariables(database, vault, deployment);
    await checkRelease(database, deployment, variables);
    const checked = await checkConfiguration(layout, { ...deployment, output }, variables, signal);
    if (checked?.hasSchema) log.note(`The variables meet ${checked.name}`);
    else if (checked)
      log.note(`${checked.name} exports no Standard Schema, so it is not taken for one of the variables`);
    const { budgets } = await releasePlan(database, deployment);
    if (budgets.length > 0 && output !== null)
      for (const text of await checkBudgets(layout, await readOutput(layout, output), budgets))
        log.note(text);
    return undefined;
  },
};
