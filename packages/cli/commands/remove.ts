import { type AppName, parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { confirm } from "../output/confirm.ts";
import { withControl } from "../platform/control.ts";
import { deploymentOf } from "../platform/deployment-of.ts";

interface RemoveOptions {
  branch?: string;
  deployment?: string;
  yes?: boolean;
  json?: boolean;
}

export function registerRemove(program: Command): void {
  program
    .command("remove")
    .alias("rm")
    .summary("remove an app, one of its previews, or one deployment")
    .description(
      "Takes an app's aliases away and ends its instances. Its databases go after a last backup, which stays. A preview goes with its copy of the database. A single deployment goes only when no alias points to it.",
    )
    .argument("<app>", "name of the app")
    .option("--branch <name>", "only the preview of this branch")
    .option("--deployment <id>", "only this deployment")
    .option("-y, --yes", "do not ask")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel remove shop\n  evenkeel remove shop --branch feature/x\n  evenkeel remove shop --deployment ab3de5fgh --yes",
    )
    .action(async (name: string, options: RemoveOptions) => {
      const app = parseAppName(name);
      if (options.branch !== undefined) return removePreview(app, options.branch, options);
      const what = options.deployment
        ? `deployment ${options.deployment} of ${app}`
        : `app ${app} with all its deployments, databases and buckets`;
      if (!options.yes) await confirm(what, app);
      if (options.deployment !== undefined) {
        const wanted = options.deployment;
        const removed = await withControl(async (client) =>
          client.removeDeployment({ deployment: await deploymentOf(client, app, wanted) }),
        );
        return void console.log(options.json ? JSON.stringify(removed) : `Removed ${what}.`);
      }
      const removed = await withControl((client) => client.removeApp({ app }));
      if (options.json) return void console.log(JSON.stringify(removed));
      console.log(`Removed ${what}.`);
      for (const { environment, archive, error } of removed.databases) {
        console.log(
          error
            ? `Its database in ${environment} is still there: ${error.message}`
            : `Backups of its database in ${environment} stay in ${archive}`,
        );
      }
      for (const { environment, folder, error } of removed.buckets) {
        console.log(
          error
            ? `Its bucket in ${environment} is still there: ${error.message}`
            : `Files of its bucket in ${environment} stay in ${folder} for seven days`,
        );
      }
    });
}

async function removePreview(app: AppName, branch: string, { yes, json }: RemoveOptions): Promise<void> {
  const what = `the preview of ${branch} of ${app}, with its copy of the database`;
  if (!yes) await confirm(what, app);
  const removed = await withControl((client) => client.removePreview({ app, branch }));
  console.log(json ? JSON.stringify(removed) : `Removed ${what}.`);
}
