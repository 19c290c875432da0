import type { AuditEntry, AuditVerification } from "@evenkeel/control";
import { parseAppName, parseDurationMs } from "@evenkeel/model";
import type { Command } from "commander";
import { formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { wholeNumber } from "../up.ts";

interface ListOptions {
  app?: string;
  who?: string;
  action?: string;
  search?: string;
  since?: string;
  limit: string;
  json?: boolean;
}

export function registerAudit(program: Command): void {
  const audit = program
    .command("audit")
    .summary("who did what: a log that is only appended to")
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel audit list --app shop --action release --since 7d\n  evenkeel audit verify\n  evenkeel audit export > audit.ndjson",
    );
  audit
    .command("list")
    .alias("ls")
    .summary("show entries, newest first")
    .option("--app <name>", "of one app")
    .option("--who <name>", "of one person or token")
    .option("--action <action>", "one action, or what it begins with: release")
    .option("--search <text>", "with this text anywhere")
    .option("--since <duration>", "of the last time, such as 7d")
    .option("--limit <count>", "at most", "50")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel audit list --who ada@example.com --since 24h")
    .action(list);
  audit
    .command("verify")
    .summary("see that no entry was changed, taken out or put elsewhere; exits with 1 if one was")
    .option("--anchor <position:hash>", "the head of an earlier verification, kept elsewhere")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel audit verify --anchor 1204:9f86d081884c7d65…")
    .action(verify);
  audit
    .command("export")
    .summary("print all entries, oldest first, one JSON object a line")
    .addHelpText("after", "\nExample:\n  evenkeel audit export > audit.ndjson")
    .action(exportAll);
}

async function list({ app, who, action, search, since, limit, json }: ListOptions): Promise<void> {
  const { entries } = await withControl((client) =>
    client.listAudit({
      limit: wholeNumber("--limit", limit, 1, 500),
      ...(app !== undefined && { app: parseAppName(app) }),
      ...(who !== undefined && { who }),
      ...(action !== undefined && { action }),
      ...(search !== undefined && { text: search }),
      ...(since !== undefined && { sinceMs: Date.now() - parseDurationMs(since) }),
    }),
  );
  if (json) return void console.log(JSON.stringify(entries));
  if (entries.length === 0) return void console.log("Nothing is on record that fits.");
  const rows = entries.map((entry: AuditEntry) => [
    new Date(entry.atMs).toISOString().slice(0, 19).replace("T", " "),
    entry.who,
    entry.action,
    entry.app ?? "–",
    entry.object ?? "–",
  ]);
  console.log(formatTable(["when (UTC)", "who", "did", "app", "what"], rows));
}

async function verify({ anchor, json }: { anchor?: string; json?: boolean }): Promise<void> {
  const found: AuditVerification = await withControl((client) =>
    client.verifyAudit(anchor === undefined ? {} : { anchor }),
  );
  if (!found.isWhole) process.exitCode = 1;
  if (json) return void console.log(JSON.stringify(found));
  const { entries, head, faults } = found;
  if (found.isWhole) {
    console.log(`All ${entries} entries are as they were written.`);
    return void console.log(`Keep this elsewhere, to verify against: ${head.position}:${head.hash}`);
  }
  console.log("The audit log is not as it was written:");
  for (const { position, entry, fault } of faults)
    console.log(
      `  ${[position && `position ${position}`, entry && `entry ${entry}`].filter(Boolean).join(", ")}: ${fault.replaceAll("_", " ")}`,
    );
}

async function exportAll(): Promise<void> {
  await withControl(async (client) => {
    for await (const entry of client.exportAudit({})) console.log(JSON.stringify(entry));
  });
}
