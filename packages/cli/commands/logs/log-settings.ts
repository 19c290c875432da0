import type { ControlClient, LogSettings } from "@evenkeel/control";
import { formatSize, parseAppName, parseDurationMs, parseSizeBytes } from "@evenkeel/model";
import type { Command } from "commander";
import { withControl } from "../../platform/control.ts";
import { wholeNumber } from "../up.ts";

interface SettingsOptions {
  retention?: string;
  budget?: string;
  linesPerSecond?: string;
  bytesPerSecond?: string;
  safeField?: string[];
  safeValue?: string[];
  json?: boolean;
}

export function registerLogSettings(program: Command): void {
  program
    .command("log-settings")
    .summary("show or change how long an app's log is kept, and what is not redacted in it")
    .description(
      "Shows what an app's log may be; with options, changes it. Secrets, addresses and telephone numbers are taken out of lines before they are written down, unless their field or value is called safe.",
    )
    .argument("<app>", "name of the app")
    .option("--retention <duration>", "how long lines are kept, such as 30d")
    .option("--budget <size>", "what they may take of the disk, such as 2GiB; the oldest go first")
    .option(
      "--lines-per-second <number>",
      "what the app may print at length; what exceeds it is dropped and counted",
    )
    .option("--bytes-per-second <size>", "the same as a size")
    .option("--safe-field <names>", "fields that are not redacted, separated by commas; - for none", names)
    .option(
      "--safe-value <values>",
      "values that are not redacted, such as support@example.com or @example.com; - for none",
      names,
    )
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel log-settings shop\n  evenkeel log-settings shop --retention 30d --budget 2GiB --safe-field orderToken",
    )
    .action(async (name: string, options: SettingsOptions) => {
      const app = parseAppName(name);
      const changes = read(options);
      const settings = await withControl((client) =>
        Object.keys(changes).length > 0
          ? client.setLogSettings({ app, ...changes })
          : client.getLogSettings({ app }),
      );
      console.log(options.json ? JSON.stringify(settings) : describe(settings));
    });
}

const names = (text: string): string[] => (text === "-" ? [] : text.split(",").map((name) => name.trim()));

function read(options: SettingsOptions): Omit<Parameters<ControlClient["setLogSettings"]>[0], "app"> {
  const { retention, budget, linesPerSecond, bytesPerSecond, safeField, safeValue } = options;
  return {
    ...(retention !== undefined && { retentionDays: parseDurationMs(retention) / 86_400_000 }),
    ...(budget !== undefined && { budgetBytes: parseSizeBytes(budget) }),
    ...(linesPerSecond !== undefined && {
      linesPerSecond: wholeNumber("--lines-per-second", linesPerSecond, 1, 1_000_000),
    }),
    ...(bytesPerSecond !== undefined && { bytesPerSecond: parseSizeBytes(bytesPerSecond) }),
    ...(safeField !== undefined && { safeFields: safeField }),
    ...(safeValue !== undefined && { safeValues: safeValue }),
  };
}

const describe = (settings: LogSettings): string =>
  [
    `kept for      ${settings.retentionDays} d`,
    `on disk       at most ${formatSize(settings.budgetBytes)}`,
    `a second      at most ${settings.linesPerSecond} lines, ${formatSize(settings.bytesPerSecond)}`,
    `safe fields   ${settings.safeFields.join(", ") || "none"}`,
    `safe values   ${settings.safeValues.join(", ") || "none"}`,
  ].join("\n");
