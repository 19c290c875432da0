import { randomBytes } from "node:crypto";
import { parseDurationMs } from "@evenkeel/model";
import type { Command } from "commander";
import { readSecret } from "../../output/read-secret.ts";
import { withControl } from "../../platform/control.ts";
import { type EnvOptions, envCommand, environmentOf } from "./env-options.ts";
import { followChange } from "./follow-change.ts";

interface RotateOptions extends EnvOptions {
  overlap: string;
  generate?: boolean;
  end?: boolean;
  message?: string;
}

export function registerEnvRotate(env: Command): void {
  envCommand(env, "rotate", "give a secret a new value; the old one stays beside it for a while")
    .argument("<name>", "name of the variable")
    .option("--overlap <duration>", "how long NAME_PREVIOUS has the old value; 0s: not at all", "1h")
    .option("--generate", "a random value of 256 bits, instead of one from standard input")
    .option("--end", "end the overlap of the last rotation now")
    .option("-m, --message <text>", "reason, kept in the history and the ledger of releases")
    .addHelpText(
      "after",
      `
The app sees both and can accept what either signed. When the overlap ends, a release takes NAME_PREVIOUS away. A CRON_SECRET that the platform has
generated is rotated like any other; the scheduler calls each deployment with the one that it has.

Examples:
  evenkeel env rotate shop CRON_SECRET --generate
  evenkeel env rotate shop SIGNING_KEY --overlap 7d < new-key.txt`,
    )
    .action(rotate);
}

async function rotate(app: string, name: string, options: RotateOptions): Promise<void> {
  const wanted = environmentOf(app, options.env);
  const previous = `${name}_PREVIOUS`;
  if (options.end) {
    return withControl(async (client) => {
      const { deployments } = await client.endOverlap({ ...wanted, name });
      await followChange(client, { ...wanted, set: [], removed: [previous], deployments }, options);
    });
  }
  const overlapMs = parseDurationMs(options.overlap);
  const value = options.generate
    ? randomBytes(32).toString("base64url")
    : await readSecret(`New value of ${name}: `);
  await withControl(async (client) => {
    const { deployments, previousUntilMs } = await client.rotateVariable({
      ...{ ...wanted, name, value, overlapMs },
      ...(options.message ? { reason: options.message } : {}),
    });
    await followChange(client, { ...wanted, set: [name], removed: [], deployments }, options);
    if (previousUntilMs !== undefined && !options.json)
      console.log(`${previous} has the old value until ${new Date(previousUntilMs).toISOString()}`);
  });
}
