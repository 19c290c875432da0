import type { HealthCheck } from "@evenkeel/control";
import { formatDuration, parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { formatAge, formatTable } from "../output/table.ts";
import { withControl } from "../platform/control.ts";
import { readEnvironment } from "../platform/environment-option.ts";

const environments = ["production", "staging"] as const;

export function registerHealth(program: Command): void {
  program
    .command("health")
    .summary("show an app's health checks")
    .description(
      "What the checks of an app's released deployments say, and of a canary's. Exit code 1 while one fails.",
    )
    .argument("<app>", "name of the app")
    .option("--env <environment>", "production or staging", "production")
    .option("--json", "print as JSON, with the last results of each")
    .addHelpText("after", "\nExample:\n  evenkeel health shop")
    .action(async (app: string, options: { env: string; json?: boolean }) => {
      const environment = readEnvironment(options.env, environments, "environment with health checks");
      const { checks } = await withControl((client) =>
        client.getAppHealth({ app: parseAppName(app), environment }),
      );
      if (checks.some(({ state }) => state === "failing")) process.exitCode = 1;
      if (options.json) return void console.log(JSON.stringify(checks));
      if (checks.length === 0)
        return void console.log(
          `${app} has no health checks in ${environment}. Set one: evenkeel gates set ${app} --health /api/health`,
        );
      const heading = ["check", "deployment", "path", "state", "since", "last", "95 % within", "every"];
      console.log(formatTable(heading, checks.map(row)));
    });
}

const row = (check: HealthCheck): string[] => [
  check.name,
  check.deployment + (check.isCanary ? " (canary)" : ""),
  check.path,
  check.fault === undefined ? check.state : `${check.state}: ${check.fault}`,
  formatAge(check.sinceMs),
  check.latencyMs === undefined ? "–" : formatDuration(check.latencyMs),
  check.p95Ms === undefined ? "–" : formatDuration(check.p95Ms),
  formatDuration(check.intervalMs),
];
