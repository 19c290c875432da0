import type { Command } from "commander";
import { Progress } from "../output/progress.ts";
import { withControl } from "../platform/control.ts";
import { followDeployment } from "../platform/follow-deployment.ts";
import { reportRelease, reportStaged } from "./rollback.ts";

interface PromoteOptions {
  message?: string;
  ignoreSchema?: boolean;
  evenCondemned?: boolean;
  canary?: string;
  json?: boolean;
}

export function registerPromote(program: Command): void {
  program
    .command("promote")
    .summary("release a deployment to production")
    .description(
      "Points production to a deployment. A preview is built anew with production's variables, since its own are part of its build.",
    )
    .argument("<deployment>", "id of the deployment")
    .option("-m, --message <text>", "reason, kept in the ledger of releases")
    .option("--ignore-schema", "although it does not know the database's schema; needs --message")
    .option("--even-condemned", "although somebody condemned it")
    .option("--canary <steps>", 'release in steps: "5% for 2 minutes, 25%, 100%"')
    .option("--json", "print as JSON")
    .addHelpText("after", '\nExample:\n  evenkeel promote ab3de5fgh -m "checked by the team"')
    .action(async (id: string, options: PromoteOptions) => {
      const progress = new Progress(options.json && !process.stderr.isTTY);
      try {
        await withControl(async (client) => {
          const wish = {
            deployment: id,
            ...(options.message && { reason: options.message }),
            ...(options.ignoreSchema && { ignoreSchema: true }),
            ...(options.evenCondemned && { evenCondemned: true }),
          };
          const { canary: steps } = options;
          const outcome = await (steps === undefined
            ? client.promote(wish)
            : client.stagePromotion({ ...wish, steps }));
          if (outcome.outcome === "staged") return reportStaged(outcome, options);
          if (outcome.outcome === "released") return reportRelease(outcome, options.json === true);
          const deployment = await followDeployment(client, outcome.deployment, progress);
          progress.done();
          if (options.json) console.log(JSON.stringify({ outcome: outcome.outcome, deployment }));
          else console.log([...deployment.aliases, deployment.url].join("\n"));
        });
      } catch (error) {
        progress.fail();
        throw error;
      }
    });
}
