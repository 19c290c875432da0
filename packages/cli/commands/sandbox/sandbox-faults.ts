import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { formatTable } from "../../output/table.ts";
import { callerPath } from "../../platform/home.ts";
import { askSandbox } from "./sandbox-client.ts";
import { accountPath, type SandboxOptions, sandboxCommand } from "./sandbox-options.ts";

interface Rule {
  id: string;
  provider: string;
  fault: { type: string } & Record<string, unknown>;
  key?: string;
  match?: string;
  probability: number;
  times?: number;
  struck: number[];
  removedAtMs?: number;
}

interface AddOptions extends SandboxOptions {
  provider: string;
  value?: string;
  key?: string;
  match?: string;
  probability?: string;
  times?: string;
}

/** What the number of a fault means. */
const values: Record<string, string> = {
  latency: "ms",
  clock_skew: "ms",
  rate_limit: "retryAfterSeconds",
  server_error: "status",
};

/** Making providers fail on purpose, and replaying how they did. */
export function registerSandboxFaults(sandbox: Command): void {
  const faults = sandbox.command("faults").summary("let providers fail on purpose");
  sandboxCommand(faults, "add", "let something go wrong from now on")
    .argument(
      "<fault>",
      "latency, rate_limit, server_error, hang, drop, down, webhook_lost, webhook_duplicated, webhook_reordered or clock_skew",
    )
    .argument(
      "[value]",
      "milliseconds of latency and clock_skew, Retry-After of rate_limit, status of server_error",
    )
    .option("--provider <name>", "only this one's", "*")
    .option("--key <key>", "only requests with this credential, as the request log names it")
    .option(
      "--match <text>",
      'only requests whose "METHOD /path", or webhooks whose kind or address, hold this',
    )
    .option("--probability <share>", "0 to 1; decided by the seed")
    .option("--times <count>", "it ends after so many")
    .addHelpText(
      "after",
      `
Examples:
  evenkeel sandbox faults add shop rate_limit 30 --provider twilio --match "POST" --times 3
  evenkeel sandbox faults add shop webhook_lost --provider vapi --probability 0.2`,
    )
    .action(add);
  sandboxCommand(faults, "list", "list what goes wrong, and how often it struck")
    .addHelpText("after", "\nExample:\n  evenkeel sandbox faults list shop")
    .action(list);
  sandboxCommand(faults, "remove", "let something go right again")
    .argument("<id>", "of the fault")
    .addHelpText("after", "\nExample:\n  evenkeel sandbox faults remove shop flt_0123456789ab")
    .action(async (app: string, id: string, options: SandboxOptions) => {
      const rule = await askSandbox<Rule>(
        "DELETE",
        `${accountPath(app, options)}/faults/${encodeURIComponent(id)}`,
      );
      console.log(
        options.json
          ? JSON.stringify(rule)
          : `Removed ${describe(rule)}. It struck ${rule.struck.length} times.`,
      );
    });
  sandboxCommand(sandbox, "run", "print the run so far: its seed, its faults, and where they struck")
    .addHelpText("after", "\nExample:\n  evenkeel sandbox run shop > run.json")
    .action(async (app: string, options: SandboxOptions) => {
      console.log(
        JSON.stringify(
          await askSandbox("GET", `${accountPath(app, options)}/run`),
          null,
          options.json ? 0 : 2,
        ),
      );
    });
  sandboxCommand(sandbox, "replay", "begin anew with a run's seed, and let its faults strike where they did")
    .argument("<file>", "what `evenkeel sandbox run` printed")
    .addHelpText("after", "\nExample:\n  evenkeel sandbox replay shop run.json")
    .action(replay);
}

async function add(app: string, type: string, value: string | undefined, options: AddOptions): Promise<void> {
  const name = values[type];
  if (value !== undefined && name === undefined) throw new UsageError(`The fault "${type}" takes no value`);
  const number = numberOf(type, value);
  const rule = await askSandbox<Rule>("POST", `${accountPath(app, options)}/faults`, {
    provider: options.provider,
    fault: { type, ...(name !== undefined && number !== undefined && { [name]: number }) },
    key: options.key,
    match: options.match,
    probability: numberOf("--probability", options.probability),
    times: numberOf("--times", options.times),
  });
  console.log(options.json ? JSON.stringify(rule) : `${rule.id}: ${describe(rule)}`);
}

/** @throws UsageError */
function numberOf(what: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value))
    throw new UsageError(`${what}: "${text}" is not a number`);
  return value;
}

async function list(app: string, options: SandboxOptions): Promise<void> {
  const { faults } = await askSandbox<{ faults: Rule[] }>("GET", `${accountPath(app, options)}/faults`);
  const active = faults.filter(({ removedAtMs }) => removedAtMs === undefined);
  if (options.json) return void console.log(JSON.stringify(active));
  if (active.length === 0) return void console.log(`Nothing goes wrong for ${app}/${options.env}.`);
  const rows = active.map((rule) => [rule.id, describe(rule), String(rule.struck.length)]);
  console.log(formatTable(["id", "fault", "struck"], rows));
}

async function replay(app: string, file: string, options: SandboxOptions): Promise<void> {
  let run: object;
  try {
    run = JSON.parse(readFileSync(callerPath(file), "utf8"));
  } catch (cause) {
    throw new UsageError(`${file} holds no run`, {
      hint: "Give what `evenkeel sandbox run` printed.",
      cause,
    });
  }
  const { seed, faults } = await askSandbox<{ seed: string; faults: Rule[] }>(
    "POST",
    `${accountPath(app, options)}/run`,
    run,
  );
  if (options.json) return void console.log(JSON.stringify({ seed, faults }));
  console.log(`${app}/${options.env} begins anew with the seed ${seed} and ${faults.length} faults.`);
}

function describe({ provider, fault, key, match, probability, times }: Rule): string {
  const { type, ...given } = fault;
  const parts = [
    [type, ...Object.values(given)].join(" "),
    provider === "*" ? "at every provider" : `at ${provider}`,
    key === undefined ? "" : `with key ${key}`,
    match === undefined ? "" : `where "${match}"`,
    probability === 1 ? "" : `${Math.round(probability * 100)} %`,
    times === undefined ? "" : `${times} times`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}
