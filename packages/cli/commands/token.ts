import type { Token } from "@evenkeel/control";
import { parseAppName, parseDurationMs } from "@evenkeel/model";
import type { Command } from "commander";
import { formatAge, formatTable } from "../output/table.ts";
import { withControl } from "../platform/control.ts";

export function registerToken(program: Command): void {
  const token = program
    .command("token")
    .summary("tokens of the API and of git pushes")
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel token create ci --permission read deploy --app shop\n  evenkeel token create prometheus --permission metrics\n  evenkeel token rotate k3v9x0a1b2 --overlap 24h",
    );
  token
    .command("ls")
    .alias("list")
    .summary("list tokens; never their secrets")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel token ls")
    .action(list);
  token
    .command("create")
    .summary("make a token; its secret is shown this once")
    .argument("<name>", "who or what it is for")
    .requiredOption(
      "--permission <permissions...>",
      "of: read, deploy, release, configure, reveal, metrics, admin",
    )
    .option("--app <names...>", "only for these apps")
    .option("--owner <email>", "whose it is: it can do what they can, at most, and ends with their account")
    .option("--expires <duration>", "ends after this time, such as 90d")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel token create ci --permission read deploy --app shop")
    .action(create);
  token
    .command("rotate")
    .summary("give a token a new secret; the old one is accepted for a while")
    .argument("<id>", "the token's id; admin: the machine's own, in keys/api-token")
    .option("--overlap <duration>", "how long the old secret is accepted", "1h")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel token rotate k3v9x0a1b2 --overlap 24h\n  evenkeel token rotate admin",
    )
    .action(rotate);
  token
    .command("revoke")
    .summary("end a token at once")
    .argument("<id>", "the token's id")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel token revoke k3v9x0a1b2")
    .action(revoke);
}

async function list(options: { json?: boolean }): Promise<void> {
  const { tokens } = await withControl((client) => client.listTokens());
  if (options.json) return void console.log(JSON.stringify(tokens));
  if (tokens.length === 0) return void console.log("No tokens beside the machine's own.");
  const rows = tokens.map((one: Token) => [
    one.id,
    one.name,
    one.owner ?? "–",
    one.permissions.join(" "),
    one.apps?.join(" ") ?? "all",
    formatAge(one.createdAtMs),
    one.lastUsedAtMs === undefined ? "never" : formatAge(one.lastUsedAtMs),
    one.expiresAtMs === undefined ? "–" : new Date(one.expiresAtMs).toISOString(),
  ]);
  console.log(formatTable(["id", "name", "owner", "may", "apps", "made", "used", "ends"], rows));
}

async function create(
  name: string,
  options: { permission: string[]; app?: string[]; expires?: string; owner?: string; json?: boolean },
): Promise<void> {
  const made = await withControl((client) =>
    client.createToken({
      name,
      permissions: options.permission as Token["permissions"],
      ...(options.app ? { apps: options.app.map((app) => parseAppName(app)) } : {}),
      ...(options.owner ? { owner: options.owner } : {}),
      ...(options.expires ? { expiresAtMs: Date.now() + parseDurationMs(options.expires) } : {}),
    }),
  );
  if (options.json) return void console.log(JSON.stringify(made));
  process.stderr.write(`Token ${made.id}; its secret is not shown again:\n`);
  console.log(made.secret);
}

async function rotate(id: string, options: { overlap: string; json?: boolean }): Promise<void> {
  const rotated = await withControl((client) =>
    client.rotateToken({ token: id, overlapMs: parseDurationMs(options.overlap) }),
  );
  if (options.json) return void console.log(JSON.stringify(rotated));
  const until = new Date(rotated.previousUntilMs).toISOString();
  process.stderr.write(`Token ${id}; the old secret is accepted until ${until}. The new one:\n`);
  console.log(rotated.secret);
}

async function revoke(id: string, options: { json?: boolean }): Promise<void> {
  await withControl((client) => client.revokeToken({ token: id }));
  console.log(options.json ? JSON.stringify({ id, revoked: true }) : `Token ${id} is revoked.`);
}
