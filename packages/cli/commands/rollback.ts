import type { Released, Staged } from "@evenkeel/control";
import { formatDuration, parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../errors.ts";
import { withControl } from "../platform/control.ts";
import { summarizeCanary } from "./canary/describe-canary.ts";

interface RollbackOptions {
  to?: string;
  message?: string;
  ignoreSchema?: boolean;
  canary?: string;
  json?: boolean;
}

export function registerRollback(program: Command): void {
  program
    .command("rollback")
    .summary("bring an earlier release back")
    .description(
      "Points production to what was released before: its code and its configuration, once it has answered.",
    )
    .argument("<app>", "name of the app")
    .option("--to <release>", "a release (v3) or a deployment's id; default: the one before the current")
    .option("-m, --message <text>", "reason, kept in the ledger of releases")
    .option("--ignore-schema", "although it does not know the database's schema; needs --message")
    .option("--canary <steps>", 'go back in steps: "50% for 1 minute, 100%"')
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      '\nExamples:\n  evenkeel rollback shop\n  evenkeel rollback shop --to v3 -m "checkout is broken"',
    )
    .action(async (app: string, options: RollbackOptions) => {
      const wish = {
        app: parseAppName(app),
        ...readTarget(options.to),
        ...(options.message && { reason: options.message }),
        ...(options.ignoreSchema && { ignoreSchema: true }),
      };
      const { canary: steps } = options;
      if (steps !== undefined)
        return reportStaged(await withControl((client) => client.stageRollback({ ...wish, steps })), options);
      reportRelease(await withControl((client) => client.rollback(wish)), options.json === true);
    });
}

export function reportStaged(staged: Staged, { json }: { json?: boolean }): void {
  if (json) return void console.log(JSON.stringify(staged));
  const { canary } = staged;
  console.log(`${summarizeCanary(canary)}\nIt goes on by itself: evenkeel canary status ${canary.app}`);
}

function readTarget(text: string | undefined): { version?: number; deployment?: string } {
  if (text === undefined) return {};
  const version = /^v([1-9]\d*)$/.exec(text)?.[1];
  if (version !== undefined) return { version: Number(version) };
  if (/^[a-z0-9]{9}$/.test(text)) return { deployment: text };
  throw new UsageError(`--to "${text}" is neither a release nor a deployment`, {
    hint: "Name a release such as v3 or a deployment's id: evenkeel list APP --releases shows both.",
  });
}

export function reportRelease({ release, urls, confirmation }: Released, json: boolean): void {
  if (json) return void console.log(JSON.stringify({ release, urls, confirmation }));
  const answer = confirmation.answered
    ? `answered ${confirmation.status} after ${formatDuration(confirmation.tookMs)}`
    : "switched, but has not answered yet";
  console.log(`${release.app} v${release.version} is ${release.deployment}: ${answer}`);
  if (confirmation.edges.unconfirmed.length > 0) {
    console.log(
      `Not acknowledged by ${confirmation.edges.unconfirmed.join(", ")}: they may serve the old one until they reconnect.`,
    );
  }
  for (const url of urls) console.log(url);
}
