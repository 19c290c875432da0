import type { Command } from "commander";
import { UsageError } from "../errors.ts";
import { withControl } from "../platform/control.ts";

interface CondemnOptions {
  message?: string;
  lift?: boolean;
  json?: boolean;
}

export function registerCondemn(program: Command): void {
  program
    .command("condemn")
    .summary("never bring a deployment back")
    .description(
      "A condemned deployment is never rolled back to, and promoted only with --even-condemned. A canary of it is aborted. What answers now is not changed.",
    )
    .argument("<deployment>", "id of the deployment")
    .option("-m, --message <text>", "reason, kept with it")
    .option("--lift", "take it back")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      '\nExamples:\n  evenkeel condemn ab3de5fgh -m "loses orders"\n  evenkeel condemn ab3de5fgh --lift',
    )
    .action(async (deployment: string, options: CondemnOptions) => {
      const { message: reason, lift, json } = options;
      if (lift) {
        const lifted = await withControl((client) => client.absolveDeployment({ deployment }));
        const text = lifted.absolved
          ? `${deployment} is condemned no more.`
          : `${deployment} was not condemned.`;
        console.log(json ? JSON.stringify(lifted) : text);
        return;
      }
      if (!reason) throw new UsageError("The reason is missing", { hint: `Give it with -m "REASON".` });
      const condemned = await withControl((client) => client.condemnDeployment({ deployment, reason }));
      console.log(json ? JSON.stringify(condemned) : `${deployment} is condemned: it is not brought back.`);
    });
}
