import type { RuntimeLogLine } from "@evenkeel/control";
import { parseAppName, parseDurationMs } from "@evenkeel/model";
import type { Command } from "commander";
import { withControl } from "../platform/control.ts";
import { deploymentOf } from "../platform/deployment-of.ts";

interface LogsOptions {
  follow?: boolean;
  deployment?: string;
  build?: string;
  since?: string;
  json?: boolean;
}

export function registerLogs(program: Command): void {
  program
    .command("logs")
    .summary("show what an app wrote")
    .description("Prints what the app's instances wrote to standard output and error, oldest first.")
    .argument("<app>", "name of the app")
    .option("-f, --follow", "go on with new lines")
    .option("--deployment <id>", "only of this deployment")
    .option("--build <id>", "the build's log of this deployment instead")
    .option("--since <duration>", "only lines of the last 10min, 2h, 1d, ...")
    .option("--json", "one JSON value a line")
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel logs shop -f\n  evenkeel logs shop --since 10min --json\n  evenkeel logs shop --build ab3de5fgh",
    )
    .action(async (name: string, options: LogsOptions) => {
      const app = parseAppName(name);
      const follow = options.follow ? ({ follow: "true" } as const) : {};
      const since =
        options.since === undefined ? {} : { sinceMs: Date.now() - parseDurationMs(options.since) };
      await withControl(async (client) => {
        if (options.build !== undefined) {
          const deployment = await deploymentOf(client, app, options.build);
          for await (const line of client.readBuildLog({ deployment, ...follow })) {
            console.log(options.json ? JSON.stringify(line) : line.text);
          }
          return;
        }
        const lines = options.deployment
          ? client.readRuntimeLog({
              deployment: await deploymentOf(client, app, options.deployment),
              ...follow,
              ...since,
            })
          : client.readAppLog({ app, ...follow, ...since });
        for await (const line of lines) console.log(options.json ? JSON.stringify(line) : describe(line));
      });
    });
}

function describe(line: RuntimeLogLine): string {
  const mark = line.stream === "stdout" ? " " : line.stream === "stderr" ? "!" : "*";
  const process = line.process === undefined ? "" : `${line.process} `;
  return `${new Date(line.atMs).toISOString()} ${line.deployment} ${process}${mark} ${line.text}`;
}
