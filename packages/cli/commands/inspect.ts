import { ApiError, type ControlClient, type Deployment } from "@evenkeel/control";
import { formatDuration, parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../errors.ts";
import { formatAge, formatTable } from "../output/table.ts";
import { withControl } from "../platform/control.ts";

export function registerInspect(program: Command): void {
  program
    .command("inspect")
    .summary("show one deployment: its steps, aliases and releases")
    .argument("<deployment>", "id of the deployment, or an app's name for what answers at its production")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExamples:\n  evenkeel inspect ab3de5fgh\n  evenkeel inspect shop")
    .action(async (named: string, options: { json?: boolean }) => {
      const deployment = await withControl((client) => find(client, named));
      console.log(options.json ? JSON.stringify(deployment) : describe(deployment));
    });
}

/** An app's name may look like an id, so an id that is not known is looked for among the apps. */
async function find(client: ControlClient, named: string): Promise<Deployment> {
  if (/^[a-z0-9]{9}$/.test(named)) {
    try {
      return await client.getDeployment({ deployment: named });
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "deployment_unknown") throw error;
    }
  }
  const app = await client.getApp({ app: parseAppName(named) });
  if (!app.production) {
    throw new UsageError(`${app.name} has no production release yet`, {
      hint: `Name one of its deployments: evenkeel list ${app.name}`,
    });
  }
  return client.getDeployment({ deployment: app.production.id });
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
