import type { AutoDeploy, ControlClient } from "@evenkeel/control";
import { type AppName, parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { formatAge } from "../output/table.ts";
import { withControl } from "../platform/control.ts";
import { deployableEnvironments, readEnvironment } from "../platform/environment-option.ts";

interface AutoDeployOptions {
  env: string;
  message?: string;
  json?: boolean;
}

interface Named {
  app: AppName;
  environment: AutoDeploy["environment"] & (typeof deployableEnvironments)[number];
}

/** Whether what is pushed with git is released. */
export function registerAutoDeploy(program: Command): void {
  const autoDeploy = program
    .command("auto-deploy")
    .summary("whether what is pushed is released")
    .description(
      "An automatic rollback pauses it: pushes are built and not released, until somebody resumes it or releases another build by hand.",
    )
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel auto-deploy status shop\n  evenkeel auto-deploy resume shop",
    );
  action(autoDeploy, "status", "say whether it is paused, and why", (client, named) =>
    client.getAutoDeploy(named),
  );
  action(autoDeploy, "pause", "build what is pushed, and release nothing", (client, named, { message }) =>
    client.pauseAutoDeploy({ ...named, ...(message && { reason: message }) }),
  ).option("-m, --message <text>", "reason, shown to who pushes");
  action(autoDeploy, "resume", "release what is pushed from now on", (client, named) =>
    client.resumeAutoDeploy(named),
  );
}

function action(
  autoDeploy: Command,
  name: string,
  summary: string,
  run: (client: ControlClient, named: Named, options: AutoDeployOptions) => Promise<AutoDeploy>,
): Command {
  return autoDeploy
    .command(name)
    .summary(summary)
    .description(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`)
    .argument("<app>", "name of the app")
    .option("--env <environment>", deployableEnvironments.join(", "), "production")
    .option("--json", "print as JSON")
    .addHelpText("after", `\nExample:\n  evenkeel auto-deploy ${name} shop`)
    .action(async (app: string, options: AutoDeployOptions) => {
      const environment = readEnvironment(
        options.env,
        deployableEnvironments,
        "environment with deployments",
      );
      const named = { app: parseAppName(app), environment };
      const seen = await withControl((client) => run(client, named, options));
      console.log(options.json ? JSON.stringify(seen) : describe(app, seen));
    });
}

function describe(app: string, { environment, paused }: AutoDeploy): string {
  if (!paused) return `What is pushed to ${app} is released in ${environment}.`;
  return `What is pushed to ${app} is built and not released in ${environment}: paused by ${paused.by} ${formatAge(paused.atMs)}: ${paused.reason}`;
}
