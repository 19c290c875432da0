import type { Deployment } from "@evenkeel/control";
import { formatDuration } from "@evenkeel/model";
import type { Command } from "commander";
import { formatAge, formatTable } from "../output/table.ts";
import { withControl } from "../platform/control.ts";

export function registerInspect(program: Command): void {
  program
    .command("inspect")
    .summary("show one deployment: its steps, aliases and releases")
    .argument("<deployment>", "id of the deployment")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel inspect ab3de5fgh")
    .action(async (id: string, options: { json?: boolean }) => {
      const deployment = await withControl((client) => client.getDeployment({ deployment: id }));
      console.log(options.json ? JSON.stringify(deployment) : describe(deployment));
    });
}

function describe(deployment: Deployment): string {
  const lines = [
    `${deployment.app} ${deployment.id}: ${deployment.state}`,
    "",
    `  environment  ${deployment.environment}${deployment.branch ? ` (${deployment.branch})` : ""}`,
    `  url          ${deployment.url}`,
    ...deployment.aliases.map((alias) => `  alias        ${alias}`),
    `  created      ${formatAge(deployment.createdAtMs)} by ${deployment.createdBy}`,
    ...(deployment.git?.sha
      ? [`  commit       ${deployment.git.sha.slice(0, 12)} ${firstLine(deployment.git.message)}`]
      : []),
    ...(deployment.variables.length > 0 ? [`  variables    ${deployment.variables.join(", ")}`] : []),
    ...(deployment.error ? [`  error        ${deployment.error.message}`] : []),
    "",
    formatTable(
      ["step", "state", "took"],
      deployment.steps.map((step) => [
        step.name,
        step.state,
        step.startedAtMs && step.endedAtMs ? formatDuration(step.endedAtMs - step.startedAtMs) : "",
      ]),
    ),
  ];
  for (const release of deployment.releases) {
    lines.push(
      "",
      `  ${release.environment} v${release.version} at ${release.host}${release.current ? " (current)" : ""}`,
    );
  }
  return lines.join("\n");
}

const firstLine = (text: string | undefined): string => text?.split("\n")[0] ?? "";
