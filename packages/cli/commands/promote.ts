import type { Command } from "commander";
import { withControl } from "../platform/control.ts";
import { reportRelease } from "./rollback.ts";

export function registerPromote(program: Command): void {
  program
    .command("promote")
    .summary("release a deployment to production")
    .description(
      "Points production to a deployment. A preview is built anew with production's variables, since its own are part of its build.",
    )
    .argument("<deployment>", "id of the deployment")
    .option("-m, --message <text>", "reason, kept in the ledger of releases")
    .option("--json", "print as JSON")
    .addHelpText("after", '\nExample:\n  evenkeel promote ab3de5fgh -m "checked by the team"')
    .action(async (id: string, options: { message?: string; json?: boolean }) => {
      const outcome = await withControl((client) =>
        client.promote({ deployment: id, ...(options.message && { reason: options.message }) }),
      );
      if (outcome.outcome === "released") return reportRelease(outcome, options.json === true);
      if (options.json) return void console.log(JSON.stringify(outcome));
      console.log(
        `Building ${outcome.deployment.app} anew for production as ${outcome.deployment.id}.\nFollow it: evenkeel logs ${outcome.deployment.app} --build ${outcome.deployment.id} -f`,
      );
    });
}
