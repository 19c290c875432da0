import type { Budget, CostReport } from "@evenkeel/control";
import { parseAppName, parseDurationMs } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { formatAge, formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { deployableEnvironments, readEnvironment } from "../../platform/environment-option.ts";

interface CostOptions {
  env: string;
  json?: boolean;
}

const wish = (app: string, { env }: CostOptions) => ({
  app: parseAppName(app),
  environment: readEnvironment(env, deployableEnvironments, "environment with a ledger"),
});

const ofApp = (command: Command): Command =>
  command
    .argument("<app>", "name of the app")
    .option("--env <environment>", "production, staging or preview", "production")
    .option("--json", "print as JSON");

export function registerCost(program: Command): void {
  ofApp(program.command("cost").summary("show what an app spent, by provider"))
    .description(
      "Shows what the app's metrics say it used of its providers and what that cost: gen_ai.client.token.usage of OpenTelemetry, evenkeel.usage for anything else (attributes provider, item, unit) and evenkeel.spend in USD.",
    )
    .option("--since <duration>", "how far back: 1d, 30d, ...", "30d")
    .addHelpText("after", "\nExample:\n  evenkeel cost calls --since 7d")
    .action(async (app: string, options: CostOptions & { since: string }) => {
      const fromMs = Date.now() - parseDurationMs(options.since);
      const report = await withControl((client) => client.getCost({ ...wish(app, options), fromMs }));
      console.log(options.json ? JSON.stringify(report) : describe(app, report));
    });
  const budget = program
    .command("budget")
    .summary("limits of what apps spend, with alerts")
    .description(
      "Budgets of money or of tokens a minute. Coming near one, and exceeding it, is written down once in its period.",
    )
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel budget set calls --day 50\n  evenkeel budget set calls --provider openai --tokens-per-minute 180000 --alert 80",
    );
  ofApp(budget.command("set").summary("set a budget of a day, a month, or a rate of tokens"))
    .option("--provider <name>", "of this provider alone", "")
    .option("--day <usd>", "USD a day (UTC)")
    .option("--month <usd>", "USD a month (UTC)")
    .option("--tokens-per-minute <count>", "tokens a minute")
    .option("--alert <percent>", "alert from this share on", "80")
    .addHelpText(
      "after",
      "\nExample:\n  evenkeel budget set calls --provider openai --tokens-per-minute 180000",
    )
    .action(async (app: string, options: CostOptions & BudgetOptions) => {
      const { kind, most } = readBudget(options);
      const { provider } = options;
      const alertShare = readNumber("--alert", options.alert, 100) / 100;
      const report = await withControl((client) =>
        client.setBudget({ ...wish(app, options), kind, provider, most, alertShare }),
      );
      console.log(options.json ? JSON.stringify(report.budgets) : budgetTable(report.budgets));
    });
  ofApp(budget.command("remove").summary("remove a budget"))
    .argument("<kind>", "day, month or tokens_per_minute")
    .option("--provider <name>", "of this provider", "")
    .addHelpText("after", "\nExample:\n  evenkeel budget remove calls day")
    .action(async (app: string, kind: string, options: CostOptions & { provider: string }) => {
      const known = (["day", "month", "tokens_per_minute"] as const).find((one) => one === kind);
      if (!known)
        throw new UsageError(`"${kind}" is no kind of budget`, {
          hint: "Use day, month or tokens_per_minute.",
        });
      const { provider } = options;
      const done = await withControl((client) =>
        client.removeBudget({ ...wish(app, options), kind: known, provider }),
      );
      console.log(options.json ? JSON.stringify(done) : done.removed ? "Removed." : "There was none.");
    });
  program
    .command("price")
    .summary("set what a provider takes, or list prices")
    .description("Prices by which the ledger counts, for the whole platform. Without words: lists them.")
    .argument("[provider]", "openai, twilio, ...")
    .argument("[item]", "a model or kind of call; * for every one without a price of its own")
    .argument("[unit]", "input_tokens, output_tokens, minutes, ...")
    .argument("[usd]", "the price")
    .option("--per <count>", "for so many units", "1")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel price openai gpt-4o input_tokens 2.50 --per 1000000")
    .action(
      async (provider, item, unit, usd: string | undefined, options: { per: string; json?: boolean }) => {
        if (provider !== undefined && usd === undefined) {
          throw new UsageError("A price needs provider, item, unit and USD", {
            hint: "evenkeel price openai gpt-4o input_tokens 2.50 --per 1000000",
          });
        }
        const { prices } = await withControl((client) =>
          usd === undefined
            ? client.listPrices({})
            : client.setPrice({
                ...{
                  provider,
                  item,
                  unit,
                  usd: readNumber("the price", usd),
                  per: readNumber("--per", options.per),
                },
              }),
        );
        if (options.json) return void console.log(JSON.stringify(prices));
        const rows = prices.map((price) => [
          price.provider,
          price.item,
          price.unit,
          String(price.usd),
          String(price.per),
        ]);
        console.log(
          prices.length === 0
            ? "No prices are set."
            : formatTable(["provider", "item", "unit", "usd", "per"], rows),
        );
      },
    );
}

interface BudgetOptions {
  provider: string;
  day?: string;
  month?: string;
  tokensPerMinute?: string;
  alert: string;
}

function readBudget({ day, month, tokensPerMinute }: BudgetOptions): Pick<Budget, "kind" | "most"> {
  const given = [
    { kind: "day", option: "--day", text: day },
    { kind: "month", option: "--month", text: month },
    { kind: "tokens_per_minute", option: "--tokens-per-minute", text: tokensPerMinute },
  ] as const;
  const [one, ...more] = given.filter(({ text }) => text !== undefined);
  if (!one || more.length > 0) {
    throw new UsageError("A budget is of one kind", {
      hint: "Give one of --day, --month, --tokens-per-minute.",
    });
  }
  return { kind: one.kind, most: readNumber(one.option, one.text!) };
}

function readNumber(what: string, text: string, most = Number.MAX_SAFE_INTEGER): number {
  const number = Number(text);
  if (text.trim() !== "" && number >= 0 && number <= most) return number;
  throw new UsageError(`${what} "${text}" is no number${most === 100 ? " from 0 to 100" : ""}`, {
    hint: "Write it as 12.5.",
  });
}

function describe(app: string, { spending, budgets, alerts }: CostReport): string {
  const parts: string[] = [];
  const total = spending.reduce((sum, { microUsd }) => sum + microUsd, 0);
  parts.push(
    spending.length === 0
      ? `${app} told of nothing that it used.`
      : `${usd(total / 1e6)}\n\n${formatTable(
          ["provider", "item", "unit", "used", "cost"],
          spending.map((row) => [
            ...[
              plain(row.provider),
              plain(row.item),
              plain(row.unit),
              String(Math.round(row.quantity * 100) / 100),
            ],
            row.unpriced > 0
              ? `${usd(row.microUsd / 1e6)} (${Math.round(row.unpriced)} without a price)`
              : usd(row.microUsd / 1e6),
          ]),
        )}`,
  );
  if (budgets.length > 0) parts.push(budgetTable(budgets));
  if (alerts.length > 0) {
    const rows = alerts.map(({ atMs, level, provider, kind, actual, most }) => [
      ...[formatAge(atMs), level, provider || "all", kind, amount(kind, actual), amount(kind, most)],
    ]);
    parts.push(formatTable(["alert", "level", "provider", "budget", "was", "of"], rows));
  }
  return parts.join("\n\n");
}

const budgetTable = (budgets: CostReport["budgets"]): string =>
  formatTable(
    ["budget", "provider", "used", "of", "share"],
    budgets.map(({ kind, provider, actual, most }) => [
      ...[
        kind,
        provider || "all",
        amount(kind, actual),
        amount(kind, most),
        `${Math.round((actual / most) * 100)} %`,
      ],
    ]),
  );

const amount = (kind: Budget["kind"], value: number): string =>
  kind === "tokens_per_minute" ? String(Math.round(value)) : usd(value);
const usd = (value: number): string => `$${value.toFixed(2)}`;
/** Apps may say it. */
const plain = (text: string): string => text.replace(/[\x00-\x1f\x7f-\x9f]/g, "\ufffd");
