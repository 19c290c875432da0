import { readFileSync } from "node:fs";
import { parseFlagSet } from "@evenkeel/flags";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { withControl } from "../../platform/control.ts";
import { callerPath } from "../../platform/home.ts";
import { wholeNumber } from "../up.ts";
import { type FlagOptions, flagCommand, owner, reportChange } from "./flag-options.ts";

/** Everything that changes flags; each ends when the edges evaluate by it. */
export function registerFlagChanges(flags: Command): void {
  flagCommand(flags, "set", "give everybody one variant, now")
    .argument("<flag>", "key of the flag")
    .argument("<variant>", "one of its variants")
    .addHelpText(
      "after",
      "\nIt stands over what the app declares, releases included, until `evenkeel flags reset`.\n\nExample:\n  evenkeel flags set shop NEW_EDITOR off",
    )
    .action(async (app: string, flag: string, variant: string, options: FlagOptions) => {
      const changed = await withControl((client) =>
        client.overrideFlag({ ...owner(app, options), flag, variant }),
      );
      reportChange(`${flag} is ${variant} for everybody`, changed, options);
    });
  flagCommand(flags, "disable", "switch a flag off: everybody gets the default in the app's code")
    .argument("<flag>", "key of the flag")
    .addHelpText("after", "\nExample:\n  evenkeel flags disable shop NEW_EDITOR")
    .action(async (app: string, flag: string, options: FlagOptions) => {
      const changed = await withControl((client) =>
        client.overrideFlag({ ...owner(app, options), flag, disabled: true }),
      );
      reportChange(`${flag} is disabled`, changed, options);
    });
  flagCommand(flags, "reset", "bring a flag back to what the app declares")
    .argument("<flag>", "key of the flag")
    .addHelpText("after", "\nExample:\n  evenkeel flags reset shop NEW_EDITOR")
    .action(async (app: string, flag: string, options: FlagOptions) => {
      const changed = await withControl((client) => client.resetFlag({ ...owner(app, options), flag }));
      reportChange(`${flag} is as declared`, changed, options);
    });
  flagCommand(flags, "push", "declare the flags of a file in flagd's JSON format")
    .argument("<file>", "the file; - for standard input")
    .addHelpText(
      "after",
      "\nThe next release of an app that has a flags.flagd.json of its own declares that again.\n\nExample:\n  evenkeel flags push shop flags.flagd.json --env staging",
    )
    .action(async (app: string, file: string, options: FlagOptions) => {
      const set = parseFlagSet(readText(file), file);
      const changed = await withControl((client) =>
        client.pushFlags({ ...owner(app, options), set: set as unknown as Record<string, unknown> }),
      );
      reportChange(`${Object.keys(set.flags).length} flags are declared`, changed, options);
    });
  flagCommand(flags, "rollback", "bring an earlier version of all flags back")
    .requiredOption("--to <version>", "number of the version; see `evenkeel flags history`")
    .addHelpText("after", "\nExample:\n  evenkeel flags rollback shop --to 3")
    .action(async (app: string, options: FlagOptions & { to: string }) => {
      const version = wholeNumber("--to", options.to, 1, 2 ** 31 - 1);
      const changed = await withControl((client) =>
        client.rollbackFlags({ ...owner(app, options), version }),
      );
      reportChange(`Flags are as in version ${version}`, changed, options);
    });
}

function readText(file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : callerPath(file), "utf8");
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`, {
      hint: "Name a file in flagd's JSON format.",
    });
  }
}
