import type { Command } from "commander";
import { Progress } from "../output/progress.ts";
import { findHome } from "../platform/home.ts";
import { askSupervisor } from "../platform/supervisor-client.ts";

export function registerRestart(program: Command): void {
  program
    .command("restart")
    .summary("restart one of the platform's processes")
    .description(
      "Restarts a process by its name in `evenkeel status`, or all edges (`edges`), each replaced by a successor that shares its port.",
    )
    .argument("<name>", "edges, edge-0, control, host or databases")
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel restart edges")
    .action(async (name: string, options: { json?: boolean }) => {
      const progress = new Progress(options.json);
      try {
        const processes = await askSupervisor(findHome(), { type: "restart", name }, (step) =>
          progress.step(step),
        );
        progress.done();
        if (options.json) console.log(JSON.stringify({ restarted: name, processes }));
        else console.log(`Restarted ${name}.`);
      } catch (error) {
        progress.fail();
        throw error;
      }
    });
}
