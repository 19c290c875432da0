import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { confirm } from "../../output/confirm.ts";
import { formatTable } from "../../output/table.ts";
import { askSandbox } from "./sandbox-client.ts";
import { accountPath, type SandboxOptions, sandboxCommand } from "./sandbox-options.ts";

interface AccountReport {
  app: string;
  environment: string;
  enabled: boolean;
  seed: string;
  speed: number;
  time: string;
  faults: number;
  providers: string[];
}

/** Who has twins, with which credentials, and how fast their time passes. */
export function registerSandboxAccounts(sandbox: Command): void {
  sandbox
    .command("list")
    .summary("list app environments that have talked to twins")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel sandbox list")
    .action(list);
  sandbox
    .command("open")
    .summary("print the link of the page with phones, inbox, logs and faults")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nThe link opens the page to whoever has it.\n\nExample:\n  evenkeel sandbox open")
    .action(async ({ json }: { json?: boolean }) => {
      const { url } = await askSandbox<{ url: string }>("GET", "/page");
      console.log(json ? JSON.stringify({ url }) : url);
    });
  sandboxCommand(sandbox, "enable", "let an environment talk to twins instead of the real providers")
    .option("-y, --yes", "do not ask, also for production")
    .addHelpText(
      "after",
      "\nPreviews and development talk to twins anyhow. Counts for deployments that begin afterwards.\n\nExample:\n  evenkeel sandbox enable shop --env staging",
    )
    .action(enable);
  sandboxCommand(sandbox, "disable", "let an environment talk to the real providers")
    .addHelpText(
      "after",
      "\nCounts for deployments that begin afterwards.\n\nExample:\n  evenkeel sandbox disable shop --env preview",
    )
    .action(async (app: string, options: SandboxOptions) => {
      const account = await askSandbox<AccountReport>("POST", `${accountPath(app, options)}/disable`);
      if (options.json) return void console.log(JSON.stringify(account));
      console.log(`${app}/${options.env} talks to the real providers from its next deploy on.`);
    });
  sandboxCommand(
    sandbox,
    "env",
    "print the variables that lead to an environment's twins, with its credentials",
  )
    .addHelpText("after", "\nExample:\n  evenkeel sandbox env shop --env development")
    .action(printVariables);
  sandboxCommand(sandbox, "speed", "let an environment's twins live faster, or as fast as we do")
    .argument("<times>", "1 to 1000")
    .addHelpText("after", "\nWhat happens stays the same.\n\nExample:\n  evenkeel sandbox speed shop 100")
    .action(setSpeed);
  sandboxCommand(sandbox, "reset", "forget what an environment's twins know, but not its credentials")
    .option("--seed <seed>", "what chance follows from; default the name of the environment")
    .addHelpText("after", "\nExample:\n  evenkeel sandbox reset shop --seed monday")
    .action(async (app: string, options: SandboxOptions & { seed?: string }) => {
      const seed = options.seed === undefined ? {} : { seed: options.seed };
      const account = await askSandbox<AccountReport>("POST", `${accountPath(app, options)}/reset`, seed);
      console.log(
        options.json
          ? JSON.stringify(account)
          : `The twins of ${app}/${options.env} begin anew with the seed ${account.seed}.`,
      );
    });
}

async function list({ json }: { json?: boolean }): Promise<void> {
  const { accounts } = await askSandbox<{ accounts: AccountReport[] }>("GET", "/accounts");
  if (json) return void console.log(JSON.stringify(accounts));
  if (accounts.length === 0)
    return void console.log("No app has talked to a twin yet. Deploy a preview of one.");
  const rows = accounts.map(({ app, environment, enabled, speed, seed, faults }) => [
    `${app}/${environment}`,
    enabled ? (environment === "production" ? "TWINS" : "twins") : "real",
    `×${speed}`,
    seed,
    String(faults),
  ]);
  console.log(formatTable(["environment", "talks to", "speed", "seed", "faults"], rows));
}

async function enable(app: string, options: SandboxOptions & { yes?: boolean }): Promise<void> {
  const path = accountPath(app, options);
  if (options.env === "production" && !options.yes) {
    await confirm(
      `the real providers from production of ${app}: nobody gets its texts and calls any more`,
      app,
    );
  }
  const account = await askSandbox<AccountReport>("POST", `${path}/enable`);
  if (options.json) return void console.log(JSON.stringify(account));
  console.log(
    `${app}/${options.env} talks to the twins of ${account.providers.join(", ")} from its next deploy on.`,
  );
  if (options.env === "production")
    console.log("! Nothing that production sends reaches a real provider then.");
}

async function printVariables(app: string, options: SandboxOptions): Promise<void> {
  const path = `${accountPath(app, options)}/variables`;
  const { variables } = await askSandbox<{ variables: Record<string, Record<string, string>> }>("GET", path);
  const all: Record<string, string> = Object.assign({}, ...Object.values(variables));
  if (options.json) console.log(JSON.stringify(all));
  else for (const [name, value] of Object.entries(all)) console.log(`${name}=${value}`);
}

async function setSpeed(app: string, times: string, options: SandboxOptions): Promise<void> {
  const speed = Number(times.replace(/^[x×]/, ""));
  if (!(speed >= 1 && speed <= 1_000))
    throw new UsageError(`Speed "${times}" is not a number from 1 to 1000`);
  const account = await askSandbox<AccountReport>("POST", `${accountPath(app, options)}/time`, { speed });
  console.log(
    options.json ? JSON.stringify(account) : `Time passes ×${speed} for the twins of ${app}/${options.env}.`,
  );
}
