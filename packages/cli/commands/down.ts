import type { Command } from "commander";
import { PlatformNotRunningError } from "../errors.ts";
import { Progress } from "../output/progress.ts";
import { findHome } from "../platform/home.ts";
import { askSupervisor } from "../platform/supervisor-client.ts";

export function registerDown(program: Command): void {
  program
    .command("down")
    .summary("stop the platform")
    .description(
      "Stops the platform: requests in flight are finished, then instances and the platform's database end.",
    )
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel down")
    .action(async (options: { json?: boolean }) => {
      const progress = new Progress(options.json);
      const wasRunning = await askSupervisor(findHome(), { type: "stop" }, (step) =>
        progress.step(step),
      ).then(
        () => true,
        (error) => {
          // Stopped is what was asked for.
          if (error instanceof PlatformNotRunningError) return false;
          throw error;
        },
      );
      progress.done();
      if (options.json) console.log(JSON.stringify({ stopped: true, wasRunning }));
      else console.log(wasRunning ? "Evenkeel is down." : "Evenkeel was not running.");
    });
}
