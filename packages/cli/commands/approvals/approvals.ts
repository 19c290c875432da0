import type { Approval, ControlClient } from "@evenkeel/control";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { formatAge, formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";

interface WordOptions {
  message?: string;
  json?: boolean;
}

export function registerApprovals(program: Command): void {
  const approvals = program
    .command("approvals")
    .summary("what waits for another person's word: deploys, rollbacks, migrations")
    .addHelpText(
      "after",
      `
Where a runbook asks for two people, whoever asks gives their own word by asking; somebody else gives the other. All tokens and sessions of a person are one.

Examples:
  evenkeel approvals list
  evenkeel approvals approve k3v9x0a1b2
  evenkeel approvals refuse k3v9x0a1b2 -m "after the sale"`,
    );
  approvals
    .command("list")
    .alias("ls")
    .summary("list what waits for a word")
    .option("--all", "what was decided, too")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel approvals list")
    .action(list);
  approvals
    .command("approve")
    .summary("agree; with enough people it is done at once")
    .argument("<id>", "the approval's id")
    .option("-m, --message <text>", "reason, kept on record")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel approvals approve k3v9x0a1b2")
    .action(approve);
  approvals
    .command("refuse")
    .summary("refuse, or take back what you asked for")
    .argument("<id>", "the approval's id")
    .option("-m, --message <text>", "reason, kept on record")
    .option("--json", "print as JSON")
    .addHelpText("after", '\nExample:\n  evenkeel approvals refuse k3v9x0a1b2 -m "after the sale"')
    .action(refuse);
}

async function list(options: { all?: boolean; json?: boolean }): Promise<void> {
  const { approvals } = await withControl((client) =>
    client.listApprovals(options.all ? { all: "true" } : {}),
  );
  if (options.json) return void console.log(JSON.stringify(approvals));
  if (approvals.length === 0) return void console.log("Nothing waits for a word.");
  const rows = approvals.map((one: Approval) => [
    one.id,
    one.app,
    told(one),
    one.createdBy,
    formatAge(one.createdAtMs),
    `${one.words.filter(({ agrees }) => agrees).length} of ${one.needed}`,
    one.state,
  ]);
  console.log(formatTable(["id", "app", "what", "asked by", "asked", "agree", "state"], rows));
}

async function approve(id: string, { message: reason, json }: WordOptions): Promise<void> {
  const done = await withControl(async (client) => {
    const { app, contentHash } = await find(client, id);
    return client.approve({ app, approval: id, contentHash, reason });
  });
  if (json) return void console.log(JSON.stringify(done));
  const { approval, released } = done;
  const agree = approval.words.filter(({ agrees }) => agrees).length;
  if (approval.state === "open") console.log(`${agree} of ${approval.needed} agree; ${id} still waits.`);
  else if (released)
    console.log(`Agreed to and done: v${released.release.version} of ${approval.app} is live.`);
  else console.log(`Agreed to: the ${approval.kind} of ${approval.app} goes on.`);
}

async function refuse(id: string, { message: reason, json }: WordOptions): Promise<void> {
  const { approval } = await withControl(async (client) =>
    client.refuse({ app: (await find(client, id)).app, approval: id, reason }),
  );
  console.log(
    json ? JSON.stringify(approval) : `Refused: the ${approval.kind} of ${approval.app} is not done.`,
  );
}

async function find(client: ControlClient, id: string): Promise<Approval> {
  const { approvals } = await client.listApprovals({ all: "true", limit: 500 });
  const found = approvals.find((one) => one.id === id);
  if (found) return found;
  throw new UsageError(`There is no approval ${id}`, { hint: "`evenkeel approvals list` shows their ids." });
}

function told({ kind, environment, content }: Approval): string {
  if (kind === "deploy") return `deploy ${content["deployment"]} to ${environment}`;
  if (kind === "rollback") return `rollback from ${content["from"]} to ${content["to"]} in ${environment}`;
  return `run ${(content["migrations"] as string[]).join(" ")} in ${environment}`;
}
