import { formatSize, type ProcessReport, parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { Progress } from "../../output/progress.ts";
import { formatAge, formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { environmentOf, type ProcessOptions } from "./process-options.ts";

export function registerPs(program: Command): void {
  const ps = program
    .command("ps")
    .summary("the processes of an app's Procfile")
    .description("Shows the processes of an app's Procfile, or restarts them.")
    .addHelpText("after", "\nExamples:\n  evenkeel ps shop\n  evenkeel ps restart shop web");
  ps.command("list", { isDefault: true })
    .summary("show processes, their memory and what became of them")
    .argument("<app>", "name of the app")
    .option("--env <environment>", "production, staging or preview", "production")
    .option("--branch <branch>", "of a preview")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel ps shop --env staging")
    .action(list);
  ps.command("restart")
    .summary("put new processes in the place of those that run")
    .description(
      "Starts new web processes and ends the old ones once the new ones answer; other processes are ended first, so that there are never two.",
    )
    .argument("<app>", "name of the app")
    .argument("[process]", "a type (worker) or one process (worker.2); default: all")
    .option("--env <environment>", "production, staging or preview", "production")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel ps restart shop worker.2")
    .action(restart);
}

async function list(name: string, options: ProcessOptions): Promise<void> {
  const app = parseAppName(name);
  const environment = environmentOf(options);
  const all = await withControl((client) =>
    client.listProcesses({ app, environment, ...(options.branch && { branch: options.branch }) }),
  );
  if (options.json) return console.log(JSON.stringify(all));
  if (all.processes.length === 0) console.log(`No process of ${app} runs in ${environment}.`);
  else {
    const heading = ["process", "state", "since", "memory", "deployment", "command"];
    console.log(
      formatTable(
        heading,
        all.processes.map((report) => [
          ...[report.name, stateOf(report), formatAge(report.sinceMs)],
          `${formatSize(report.memoryBytes)} of ${formatSize(report.memoryLimitBytes)}`,
          ...[report.deployment, all.commands[report.type] ?? ""],
        ]),
      ),
    );
  }
  for (const [type, { count }] of Object.entries(all.formation)) {
    if (count === 0) console.log(`${type}: none wanted (evenkeel scale ${app} ${type}=1)`);
  }
  for (const { name: process, lastFailure } of all.processes) {
    if (lastFailure) console.log(`${process}: ${lastFailure.message}`);
  }
}

function stateOf({ state, restarts, nextStartAtMs }: ProcessReport): string {
  const again = restarts > 0 ? `, restarted ${restarts}×` : "";
  if (nextStartAtMs === undefined) return `${state}${again}`;
  return `crashed${again}, next start in ${Math.max(0, Math.ceil((nextStartAtMs - Date.now()) / 1_000))} s`;
}

async function restart(name: string, process: string | undefined, options: ProcessOptions): Promise<void> {
  const app = parseAppName(name);
  const environment = environmentOf(options);
  const progress = new Progress(options.json);
  progress.step(`Restarting ${process ?? "all processes"} of ${app}`);
  try {
    await withControl((client) => client.restartProcesses({ app, environment, ...(process && { process }) }));
    progress.done();
  } catch (error) {
    progress.fail();
    throw error;
  }
  if (options.json) console.log(JSON.stringify({ app, environment, restarted: process ?? "all" }));
}
