import type { Command } from "commander";
import { withControl } from "../../platform/control.ts";
import { ofApp, type RunbookOptions, runbookCommand } from "./runbook-options.ts";

export function registerShow(runbook: Command): void {
  runbookCommand(runbook, "show", "print the runbook in force, as it was deployed")
    .addHelpText("after", "\nExample:\n  evenkeel runbook show shop")
    .action(async (app: string, options: RunbookOptions) => {
      const inForce = await withControl((client) => client.getRunbook(ofApp(app, options)));
      if (options.json) return void console.log(JSON.stringify(inForce));
      const { file, deployment, release, text } = inForce;
      console.error(`${file} of deployment ${deployment}, in force with v${release}`);
      process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
    });
}
