import { formatSize, parseAppName, parseSizeBytes } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { environmentOf, type ProcessOptions } from "./process-options.ts";

const mebibyte = 1024 * 1024;

export function registerScale(program: Command): void {
  program
    .command("scale")
    .summary("set how many processes of each type run")
    .description(
      "Sets how many processes of a Procfile's types an environment has, and how much memory each may use. It holds for what runs now and for every deployment to come. At first there is one web process and no other. Without changes it shows what is set.",
    )
    .argument("<app>", "name of the app")
    .argument("[changes...]", "type=count, or type=count:memory")
    .option("--env <environment>", "production, staging or preview", "production")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel scale shop web=2 worker=1\n  evenkeel scale shop worker=2:2GiB --env staging",
    )
    .action(async (name: string, changes: string[], options: ProcessOptions) => {
      const app = parseAppName(name);
      const environment = environmentOf(options);
      const processes = readChanges(changes);
      const { formation } = await withControl((client) =>
        changes.length === 0
          ? client.listProcesses({ app, environment })
          : client.scaleProcesses({ app, environment, processes }),
      );
      if (options.json) return console.log(JSON.stringify({ app, environment, formation }));
      const rows = Object.entries(formation).map(([type, { count, memoryMb }]) => [
        ...[type, String(count), formatSize(memoryMb * mebibyte)],
      ]);
      console.log(formatTable(["type", "count", "memory"], rows));
    });
}

/** @throws UsageError, InvalidValueError */
function readChanges(words: string[]): Record<string, { count: number; memoryMb?: number }> {
  const changes: Record<string, { count: number; memoryMb?: number }> = {};
  for (const word of words) {
    const [, type, count, memory] = /^([A-Za-z0-9_-]+)=(\d{1,4})(?::(.+))?$/.exec(word) ?? [];
    if (type === undefined || changes[type]) {
      throw new UsageError(
        type === undefined ? `"${word}" is no change of a process type` : `${type} is named twice`,
        { hint: "Write type=count, such as web=2, or type=count:memory, such as worker=1:2GiB." },
      );
    }
    changes[type] = {
      count: Number(count),
      ...(memory !== undefined && { memoryMb: Math.round(parseSizeBytes(memory) / mebibyte) }),
    };
  }
  return changes;
}
