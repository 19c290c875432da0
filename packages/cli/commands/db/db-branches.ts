import { readFileSync } from "node:fs";
import type { AppSettings, Branch } from "@evenkeel/control";
import { branchLabel, formatSize, parseAppName, parseSizeBytes } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { formatAge, formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { callerPath } from "../../platform/home.ts";
import { followWork, named } from "./database-options.ts";

/** Copies of databases. */
export function registerDbBranches(db: Command): void {
  db.command("branch")
    .summary("make a copy of a database, or remove one")
    .description(
      "Makes a copy of an app's database as it is now, with a password of its own. Previews get theirs by themselves, and keep it while they live; one that is made before the preview of that git branch is used by it.",
    )
    .argument("<app>", "name of the app")
    .argument("<name>", "name of the branch")
    .option("--env <environment>", "of which environment's database (default: what previews are copies of)")
    .option("--remove", "remove it")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel db branch shop trial\n  evenkeel db psql shop --branch trial\n  evenkeel db branch shop trial --remove",
    )
    .action(branch);
  db.command("branches")
    .summary("list the copies of an app's databases")
    .argument("<app>", "name of the app")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel db branches shop")
    .action(branches);
  db.command("branch-settings")
    .summary("how copies for previews are made: scrubbing, limits")
    .description(
      "Scrubbing SQL is run in every copy for a preview, as the app's role and in one transaction, before anybody may connect; when it fails there is no copy, and the deployment fails. Without options, shows the settings.",
    )
    .argument("<app>", "name of the app")
    .option("--scrub <file>", "SQL that removes personal data")
    .option("--no-scrub", "copies are not scrubbed")
    .option("--limit <size>", "larger databases are not copied (default: 10GiB)")
    .option("--total <size>", "limit of all branches of the app together (default: 40GiB)")
    .option("--idle-days <days>", "a branch goes when nobody was connected for so long (default: 14)")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel db branch-settings shop --scrub scrub.sql\n  evenkeel db branch-settings shop --limit 20GiB --idle-days 7",
    )
    .action(branchSettings);
}

async function branch(
  name: string,
  wanted: string,
  options: { env?: string; remove?: boolean; json?: boolean },
): Promise<void> {
  const app = parseAppName(name);
  if (options.remove) {
    const removed = await withControl((client) => client.removeBranch({ app, branch: wanted }));
    return void console.log(
      options.json ? JSON.stringify(removed) : `Removed the branch ${branchLabel(app, wanted)} of ${app}.`,
    );
  }
  const { env } = options;
  const environment = env === undefined ? {} : { environment: named(app, { env }).environment };
  const { branch: made, created } = await withControl((client) =>
    followWork(client.createBranch({ app, branch: wanted, ...environment }), options.json),
  );
  if (options.json) return void console.log(JSON.stringify({ ...made, created }));
  console.log(created ? describeNew(made) : `The branch ${made.branch} of ${app} was there already.`);
  console.log(`Look into it: evenkeel db psql ${app} --branch ${made.branch}`);
}

/** After `branch` and `restore --into`. */
export const describeNew = (made: Branch): string =>
  `Made the branch ${made.branch} of ${made.app}, ${describeContent(made)}.`;

function describeContent({ parent, scrubbed }: Branch): string {
  if (!parent) return "empty";
  const when = parent.to === undefined ? "" : ` at ${parent.to}`;
  return `a ${scrubbed ? "scrubbed " : ""}copy of ${parent.environment}${when}`;
}

async function branches(name: string, options: { json?: boolean }): Promise<void> {
  const app = parseAppName(name);
  const { branches: all } = await withControl((client) => client.listBranches({ app }));
  if (options.json) return void console.log(JSON.stringify(all));
  if (all.length === 0) return void console.log(`The databases of ${app} have no branches.`);
  const rows = all.map((one) => [
    one.branch,
    one.purpose,
    describeContent(one),
    one.state,
    formatSize(one.sizeBytes),
    formatAge(one.createdAtMs),
    formatAge(one.usedAtMs),
  ]);
  console.log(formatTable(["branch", "for", "content", "state", "size", "made", "used"], rows));
}

interface SettingsOptions {
  scrub?: string | boolean;
  limit?: string;
  total?: string;
  idleDays?: string;
  json?: boolean;
}

async function branchSettings(name: string, options: SettingsOptions): Promise<void> {
  const app = parseAppName(name);
  const change = readSettings(options);
  const { settings } = await withControl((client) =>
    Object.keys(change).length === 0 ? client.getApp({ app }) : client.updateApp({ app, ...change }),
  );
  const { branchScrubSql, branchLimitBytes, branchTotalLimitBytes, branchIdleDays } = settings;
  if (options.json) {
    const shown = { branchScrubSql, branchLimitBytes, branchTotalLimitBytes, branchIdleDays };
    return void console.log(JSON.stringify(shown));
  }
  const size = (bytes: number | null | undefined): string => (bytes ? formatSize(bytes) : "default");
  console.log(`scrubbing   ${branchScrubSql ? "on" : "off"}`);
  console.log(`limit       ${size(branchLimitBytes)}`);
  console.log(`total       ${size(branchTotalLimitBytes)}`);
  console.log(`idle days   ${branchIdleDays ?? "default"}`);
  if (branchScrubSql) console.log(`\n${branchScrubSql.trim()}`);
}

function readSettings({ scrub, limit, total, idleDays }: SettingsOptions): AppSettings {
  const days = Number(idleDays);
  if (idleDays !== undefined && !(Number.isInteger(days) && days > 0)) {
    throw new UsageError(`--idle-days "${idleDays}" is no number of days`, {
      hint: "Write a whole number, such as 14.",
    });
  }
  return {
    ...(typeof scrub === "string" ? { branchScrubSql: readSql(scrub) } : {}),
    ...(scrub === false ? { branchScrubSql: null } : {}),
    ...(limit === undefined ? {} : { branchLimitBytes: parseSizeBytes(limit) }),
    ...(total === undefined ? {} : { branchTotalLimitBytes: parseSizeBytes(total) }),
    ...(idleDays === undefined ? {} : { branchIdleDays: days }),
  };
}

function readSql(path: string): string {
  try {
    return readFileSync(callerPath(path), "utf8");
  } catch (cause) {
    throw new UsageError(`${path} could not be read: ${(cause as NodeJS.ErrnoException).code}`, {
      hint: "--scrub takes a file with SQL.",
    });
  }
}
