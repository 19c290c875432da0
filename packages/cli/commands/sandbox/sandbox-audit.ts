import type { Command } from "commander";
import { formatTable } from "../../output/table.ts";
import { askSandbox } from "./sandbox-client.ts";

interface Entry {
  atMs: number;
  who: string;
  what: string;
  detail: string;
}

/** Who changed what of the twins. */
export function registerSandboxAudit(sandbox: Command): void {
  sandbox
    .command("audit")
    .summary("list who changed what of the twins")
    .argument("[app]", "only of this app")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel sandbox audit shop")
    .action(async (app: string | undefined, { json }: { json?: boolean }) => {
      const query = app === undefined ? "" : `?app=${encodeURIComponent(app)}`;
      const { entries } = await askSandbox<{ entries: Entry[] }>("GET", `/audit${query}`);
      if (json) return void console.log(JSON.stringify(entries));
      if (entries.length === 0) return void console.log("Nobody has changed anything yet.");
      const rows = entries.map(({ atMs, who, what, detail }) => [
        new Date(atMs).toISOString(),
        who,
        what,
        detail,
      ]);
      console.log(formatTable(["when", "who", "what", "with"], rows));
    });
}
