import type { Command } from "commander";
import { registerFlagChanges } from "./flag-changes.ts";
import { registerFlagViews } from "./flag-views.ts";

export function registerFlags(program: Command): void {
  const flags = program
    .command("flags")
    .summary("feature flags of apps")
    .description(
      "Feature flags in flagd's format, served by OpenFeature's remote evaluation protocol (OFREP_ENDPOINT). An app declares them in flags.flagd.json or flags.<environment>.flagd.json; a change at run time is in force within a moment.",
    )
    .addHelpText(
      "after",
      `
Examples:
  evenkeel flags list shop
  evenkeel flags set shop NEW_EDITOR off
  evenkeel flags history shop`,
    );
  registerFlagViews(flags);
  registerFlagChanges(flags);
}
