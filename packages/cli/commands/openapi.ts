import type { Command } from "commander";
import { withControl } from "../platform/control.ts";

export function registerOpenApi(program: Command): void {
  program
    .command("openapi")
    .summary("print the description of the API as OpenAPI 3.1")
    .option("--json", "print as JSON, as it is anyway")
    .addHelpText("after", "\nExample:\n  evenkeel openapi > evenkeel.openapi.json")
    .action(async () => {
      console.log(JSON.stringify(await withControl((client) => client.getOpenApi()), null, 2));
    });
}
