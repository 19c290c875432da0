import type { Command } from "commander";
import { registerEnvChange } from "./env-change.ts";
import { registerEnvFile } from "./env-file.ts";
import { registerEnvPublish } from "./env-publish.ts";
import { registerEnvRotate } from "./env-rotate.ts";
import { registerEnvShow } from "./env-show.ts";

export function registerEnv(program: Command): void {
  const env = program
    .command("env")
    .summary("the variables and secrets of apps")
    .description(
      "Each environment of an app has variables of its own, kept encrypted. A change of production or staging is a release of the build that is live: its instances answer with the new values before it is switched to, and a rollback brings the old ones back.",
    )
    .addHelpText(
      "after",
      `
Examples:
  evenkeel env set shop API_KEY --env production < key.txt
  evenkeel env push shop .env.production --env production
  evenkeel env history shop`,
    );
  registerEnvShow(env);
  registerEnvChange(env);
  registerEnvRotate(env);
  registerEnvPublish(env);
  registerEnvFile(env);
}
