import type { Flag, FlagVersion } from "@evenkeel/control";
import type { Command } from "commander";
import { formatAge, formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { type FlagOptions, flagCommand, owner } from "./flag-options.ts";

export function registerFlagViews(flags: Command): void {
  flagCommand(flags, "list", "list flags as they count now")
    .alias("ls")
    .addHelpText("after", "\nExample:\n  evenkeel flags list shop")
    .action(async (app: string, options: FlagOptions) => {
      const { version, flags } = await withControl((client) => client.listFlags(owner(app, options)));
      if (options.json) return void console.log(JSON.stringify({ version, flags }));
      if (flags.length === 0) {
        return void console.log(
          `${app} declares no flags in ${options.env}. Put a flags.flagd.json beside the app, or push one: evenkeel flags push ${app} FILE`,
        );
      }
      console.log(
        formatTable(["flag", "default", "targeting", "variants", "browsers", "changed"], flags.map(row)),
      );
    });
  flagCommand(flags, "pull", "print what is declared, in flagd's JSON format")
    .addHelpText("after", "\nExample:\n  evenkeel flags pull shop > flags.flagd.json")
    .action(async (app: string, options: FlagOptions) => {
      const { declared } = await withControl((client) => client.listFlags(owner(app, options)));
      console.log(JSON.stringify(declared, null, 2));
    });
  flagCommand(flags, "history", "list all changes, newest first")
    .addHelpText("after", "\nExample:\n  evenkeel flags history shop --env staging")
    .action(async (app: string, options: FlagOptions) => {
      const { versions } = await withControl((client) => client.flagHistory(owner(app, options)));
      if (options.json) return void console.log(JSON.stringify(versions));
      if (versions.length === 0) return void console.log(`${app} never had flags in ${options.env}.`);
      console.log(
        formatTable(
          ["version", "when", "by", "change"],
          versions.map((version) => [
            String(version.version),
            formatAge(version.createdAtMs),
            version.createdBy,
            describe(version),
          ]),
        ),
      );
    });
}

const row = (flag: Flag): string[] => [
  flag.key,
  flag.state === "DISABLED" ? "disabled" : (flag.defaultVariant ?? "the code's"),
  flag.targeting ? "yes" : "no",
  Object.keys(flag.variants).join(", "),
  flag.metadata?.["public"] === true ? "yes" : "no",
  flag.override ? ("variant" in flag.override ? `everybody: ${flag.override.variant}` : "disabled") : "",
];

function describe({ action, detail }: FlagVersion): string {
  if (action === "rollback") return `back to version ${detail["to"]}`;
  if (action === "declare") {
    return detail["deployment"] ? `declared by deployment ${detail["deployment"]}` : "pushed";
  }
  if (detail["reset"]) return `${detail["flag"]} reset`;
  return `${detail["flag"]} ${detail["disabled"] ? "disabled" : `= ${detail["variant"]}`}`;
}
