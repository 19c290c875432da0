import { parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { withControl } from "../../platform/control.ts";

interface PublishOptions {
  undo?: boolean;
  json?: boolean;
}

export function registerEnvPublish(env: Command): void {
  env
    .command("publish")
    .summary("let builds put variables into what browsers load; it is put on record")
    .argument("<app>", "name of the app")
    .argument("[names...]", "names of variables; none: list those that are published")
    .option("--undo", "from the next deploy on they are secrets again")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      `
A deploy whose client files hold the value of a secret is refused. Variables that frameworks publish by their prefix (NEXT_PUBLIC_, VITE_, PUBLIC_, …)
and those that are set with --plain need no leave.

Example:
  evenkeel env publish shop MAPS_KEY`,
    )
    .action(publish);
}

async function publish(name: string, names: string[], options: PublishOptions): Promise<void> {
  const app = parseAppName(name);
  if (options.undo && names.length === 0) throw new UsageError("--undo needs names of variables");
  const bad = names.find((one) => !/^[A-Za-z_]\w*$/.test(one));
  if (bad !== undefined) throw new UsageError(`${JSON.stringify(bad)} is not the name of a variable`);
  const published = await withControl(async (client) => {
    const before = (await client.getApp({ app })).settings.publishedVariables ?? [];
    if (names.length === 0) return before;
    const after = options.undo
      ? before.filter((one) => !names.includes(one))
      : [...new Set([...before, ...names])].sort();
    return (await client.updateApp({ app, publishedVariables: after })).settings.publishedVariables ?? [];
  });
  if (options.json) return void console.log(JSON.stringify({ app, published }));
  console.log(
    published.length === 0
      ? `No variable of ${app} may stand in what browsers load`
      : `Builds of ${app} may put into what browsers load: ${published.join(", ")}`,
  );
}
