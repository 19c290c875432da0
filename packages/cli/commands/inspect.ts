import { ApiError, type ControlClient, type Deployment } from "@evenkeel/control";
import { type AppName, formatDuration, parseAppName } from "@evenkeel/model";
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

async function find(client: ControlClient, named: string): Promise<Deployment> {
  if (!/^[a-z0-9]{9}$/.test(named)) return findProduction(client, parseAppName(named));
  try {
    return await client.getDeployment({ deployment: named });
  } catch (unknown) {
    if (!(unknown instanceof ApiError) || unknown.code !== "deployment_unknown") throw unknown;
    // An app's name may look like an id.
    const { apps } = await client.listApps();
    const app = apps.find(({ name }) => name === named);
    if (!app) throw unknown;
    return findProduction(client, app.name);
  }
}

async function findProduction(client: ControlClient, name: AppName): Promise<Deployment> {
  const app = await client.getApp({ app: name });
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
    ...(deployment.withheld ? [`  not released ${deployment.withheld.message}`] : []),
    ...(deployment.condemned
      ? [`  condemned    by ${deployment.condemned.by}: ${deployment.condemned.reason}`]
      : []),
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
  if (deployment.gates.length > 0) {
    const rows = deployment.gates.map(({ name, state, startedAtMs, endedAtMs, error }) => [
      ...[name, state, endedAtMs ? formatDuration(endedAtMs - startedAtMs) : "", error?.message ?? ""],
    ]);
    lines.push("", formatTable(["gate", "state", "took", "fault"], rows));
  }
  for (const release of deployment.releases) {
    lines.push(
      "",
      `  ${release.environment} v${release.version} at ${release.host}${release.current ? " (current)" : ""}`,
    );
  }
  return lines.join("\n");
}

const firstLine = (text: string | undefined): string => text?.split("\n")[0] ?? "";
