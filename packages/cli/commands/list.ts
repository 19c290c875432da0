import type { Command } from "commander";
import { UsageError } from "../errors.ts";
import { formatAge, formatTable } from "../output/table.ts";
import { withControl } from "../platform/control.ts";
import { summarizeCanary } from "./canary/describe-canary.ts";
import { wholeNumber } from "./up.ts";

interface ListOptions {
  releases?: boolean;
  limit: string;
  json?: boolean;
}

export function registerList(program: Command): void {
  program
    .command("list")
    .alias("ls")
    .summary("list apps, or an app's deployments or releases")
    .argument("[app]", "list this app's deployments, newest first")
    .option("--releases", "list the app's production releases instead")
    .option("--limit <count>", "at most so many rows", "20")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel list\n  evenkeel list shop\n  evenkeel list shop --releases",
    )
    .action(async (app: string | undefined, options: ListOptions) => {
      const limit = wholeNumber("--limit", options.limit, 1, 500);
      if (app === undefined) {
        if (options.releases)
          throw new UsageError("--releases needs an app", { hint: "evenkeel list shop --releases" });
        return listApps(options);
      }
      return options.releases ? listReleases(app, limit, options) : listDeployments(app, limit, options);
    });
}

async function listApps(options: ListOptions): Promise<void> {
  const { apps } = await withControl((client) => client.listApps());
  if (options.json) return void console.log(JSON.stringify(apps));
  if (apps.length === 0)
    return void console.log("No apps yet. Deploy one: evenkeel deploy path/to/app --prod");
  const rows = apps.map((app) => [
    app.name,
    app.production ? `v${app.production.release}` : "–",
    app.production?.id ?? "–",
    formatAge(app.production?.readyAtMs ?? app.createdAtMs),
    app.url,
  ]);
  console.log(formatTable(["app", "release", "deployment", "since", "url"], rows));
}

async function listDeployments(app: string, limit: number, options: ListOptions): Promise<void> {
  const { deployments } = await withControl((client) => client.listDeployments({ app, limit }));
  if (options.json) return void console.log(JSON.stringify(deployments));
  if (deployments.length === 0) return void console.log(`${app} has no deployments yet.`);
  const rows = deployments.map((deployment) => [
    deployment.id,
    deployment.environment + (deployment.branch ? ` (${deployment.branch})` : ""),
    deployment.state,
    formatAge(deployment.createdAtMs),
    deployment.createdBy,
    deployment.url,
  ]);
  console.log(formatTable(["deployment", "environment", "state", "created", "by", "url"], rows));
}

async function listReleases(app: string, limit: number, options: ListOptions): Promise<void> {
  const { releases, canary } = await withControl((client) => client.listReleases({ app, limit }));
  if (options.json) return void console.log(JSON.stringify(releases));
  if (canary) console.log(`${summarizeCanary(canary)}\n`);
  if (releases.length === 0) return void console.log(`${app} has no production release yet.`);
  const rows = releases.map((release) => [
    `v${release.version}${release.current ? " *" : ""}`,
    release.deployment,
    release.kind,
    formatAge(release.createdAtMs),
    release.createdBy,
    release.reason ?? "",
  ]);
  console.log(formatTable(["release", "deployment", "kind", "when", "by", "reason"], rows));
}
