import { createInterface } from "node:readline/promises";
import { parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../errors.ts";
import { withControl } from "../platform/control.ts";
import { deploymentOf } from "../platform/deployment-of.ts";

export function registerRemove(program: Command): void {
  program
    .command("remove")
    .alias("rm")
    .summary("remove an app, or one of its deployments")
    .description(
      "Takes an app's aliases away and ends its instances. A single deployment goes only when no alias points to it.",
    )
    .argument("<app>", "name of the app")
    .option("--deployment <id>", "only this deployment")
    .option("-y, --yes", "do not ask")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel remove shop\n  evenkeel remove shop --deployment ab3de5fgh --yes",
    )
    .action(async (name: string, options: { deployment?: string; yes?: boolean; json?: boolean }) => {
      const app = parseAppName(name);
      const what = options.deployment
        ? `deployment ${options.deployment} of ${app}`
        : `app ${app} with all its deployments`;
      if (!options.yes) await confirm(what, app);
      const removed = await withControl(async (client) =>
        options.deployment
          ? client.removeDeployment({ deployment: await deploymentOf(client, app, options.deployment) })
          : client.removeApp({ app }),
      );
      console.log(options.json ? JSON.stringify(removed) : `Removed ${what}.`);
    });
}

async function confirm(what: string, app: string): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new UsageError(`Removing ${what} needs a confirmation`, {
      hint: "Nobody can be asked here: add --yes.",
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`This removes ${what}. Type ${app} to go on: `);
  terminal.close();
  if (answer.trim() !== app)
    throw new UsageError("Nothing was removed", { hint: `The answer was not "${app}".` });
}
