import { createInterface } from "node:readline/promises";
import type { ControlClient, MigrationState, MigrationStatement, MigrationsReport } from "@evenkeel/control";
import { parseAppName, ReportedError } from "@evenkeel/model";
import { describeCommand } from "@evenkeel/postgres/migrations/detect";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { Progress } from "../../output/progress.ts";
import { formatAge, formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import type { DeployableEnvironment } from "../../platform/environment-option.ts";
import { type DatabaseOptions, databaseCommand, named } from "./database-options.ts";

interface MigrateOptions extends DatabaseOptions {
  dryRun?: boolean;
  resolve?: string;
}

interface ApproveOptions extends DatabaseOptions {
  message?: string;
}

/** What a source wants of its database, and who lets it. */
export function registerDbMigrations(db: Command): void {
  databaseCommand(db, "migrate", "show migrations and run those that are pending")
    .description(
      "Every deploy runs them by itself. This runs those of the newest deployment, as after a restore; with --dry-run it only shows them, each statement with what it does to a database in use.",
    )
    .option("--dry-run", "run nothing")
    .option("--resolve <outcome>", "done or undone: what became of a migration that stopped half-way")
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel db migrate shop --dry-run\n  evenkeel db migrate shop --resolve undone",
    )
    .action(migrate);
  databaseCommand(db, "approve", "let pending migrations take something away")
    .description(
      "Records who lets exactly these statements run, and why; a changed statement needs another approval. The next deploy, or db migrate, takes a backup and runs them. Without names it shows them and asks.",
    )
    .argument("[migrations...]", "names of all migrations that need it")
    .option("-m, --message <text>", "reason, kept in the audit log")
    .addHelpText("after", '\nExample:\n  evenkeel db approve shop 0003_drop_email -m "unused since v12"')
    .action(approve);
  db.command("migration-settings")
    .summary("where an app's migrations are, or which command runs them")
    .description(
      "Takes the place of what is found in the source, from the next deploy on. Without options, shows the settings.",
    )
    .argument("<app>", "name of the app")
    .option("--folder <folder>", "of SQL files, within the app's folder")
    .option("--command <line>", "shell line that is run where the app was built")
    .option("--detect", "use what is found again")
    .option(
      "--release <yes|no|auto>",
      "whether the Procfile's release command migrates: then a backup is taken first",
    )
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      '\nExamples:\n  evenkeel db migration-settings shop --folder server/sql\n  evenkeel db migration-settings shop --command "npm run migrate"',
    )
    .action(settings);
}

interface SettingsOptions {
  folder?: string;
  command?: string;
  detect?: boolean;
  release?: string;
  json?: boolean;
}

const releaseMeanings: Record<string, boolean | null> = { yes: true, no: false, auto: null };

async function settings(name: string, options: SettingsOptions): Promise<void> {
  const { folder, command, detect, release, json } = options;
  const app = parseAppName(name);
  if ([folder, command, detect].filter((given) => given !== undefined).length > 1) {
    throw new UsageError("--folder, --command and --detect exclude each other", {
      hint: "Give one of them.",
    });
  }
  if (release !== undefined && !Object.hasOwn(releaseMeanings, release)) {
    throw new UsageError(`--release is yes, no or auto, not ${JSON.stringify(release)}`);
  }
  const keeps = folder === undefined && command === undefined && !detect;
  const change = {
    ...(keeps ? {} : { migrationFolder: folder ?? null, migrationCommand: command ?? null }),
    ...(release === undefined ? {} : { releaseMigrates: releaseMeanings[release]! }),
  };
  const { settings } = await withControl((client) =>
    Object.keys(change).length === 0 ? client.getApp({ app }) : client.updateApp({ app, ...change }),
  );
  const { migrationFolder = null, migrationCommand = null, releaseMigrates = null } = settings;
  if (json) {
    return void console.log(JSON.stringify({ app, migrationFolder, migrationCommand, releaseMigrates }));
  }
  if (migrationCommand !== null) console.log(`${app} runs: ${migrationCommand}`);
  else
    console.log(`${app} uses ${migrationFolder === null ? "what is found in its source" : migrationFolder}`);
  if (releaseMigrates !== null)
    console.log(`Its release command ${releaseMigrates ? "migrates" : "does not migrate"} the database`);
}

async function migrate(app: string, options: MigrateOptions): Promise<void> {
  const name = named(app, options);
  if (options.resolve !== undefined) return resolve(name, options.resolve, options.json);
  await withControl(async (client) => {
    if (!options.dryRun) await run(client, name, options.json);
    const report = await client.getMigrations(name);
    if (options.json) console.log(JSON.stringify(report));
    else print(report);
    if (!report.problem) return;
    // As JSON it is part of the report.
    if (options.json) process.exitCode = 1;
    else throw new ReportedError(report.problem, "user");
  });
}

async function run(
  client: ControlClient,
  name: { app: string; environment: DeployableEnvironment },
  quiet: boolean | undefined,
): Promise<void> {
  const progress = new Progress(quiet);
  progress.step("Migrating the database");
  try {
    for await (const event of client.runMigrations(name)) {
      if (event.type === "progress") progress.line(event.progress.step);
    }
    progress.done();
  } catch (error) {
    progress.fail();
    throw error;
  }
}

async function resolve(
  name: { app: string; environment: DeployableEnvironment },
  outcome: string,
  json: boolean | undefined,
): Promise<void> {
  if (outcome !== "done" && outcome !== "undone") {
    throw new UsageError(`--resolve "${outcome}" is no outcome`, { hint: "Use done or undone." });
  }
  const { migrations } = await withControl((client) => client.resolveMigrations({ ...name, outcome }));
  if (json) console.log(JSON.stringify({ migrations, outcome }));
  else if (migrations.length === 0) console.log("No migration has stopped half-way.");
  else console.log(`${migrations.join(", ")}: ${outcome}. The next deploy goes on from there.`);
}

async function approve(app: string, names: string[], options: ApproveOptions): Promise<void> {
  const name = named(app, options);
  await withControl(async (client) => {
    const report = await client.getMigrations(name);
    const { approval } = report;
    if (report.problem) throw new ReportedError(report.problem, "user");
    if (!approval) {
      if (options.json) return void console.log(JSON.stringify({ approval: null }));
      return void console.log("Nothing that is pending needs an approval.");
    }
    await requireNamed(report, names, options);
    const { approval: given } = await client.approveMigrations({
      ...{ ...name, key: approval.key },
      ...(options.message && { reason: options.message }),
    });
    if (options.json) console.log(JSON.stringify({ approval: given }));
    else console.log(`Approved: ${given.migrations.join(", ")} (${given.key}). Deploy again to run them.`);
  });
}

/** Whoever approves has said which, or has seen them and said yes. @throws UsageError */
async function requireNamed(
  report: MigrationsReport,
  names: string[],
  options: ApproveOptions,
): Promise<void> {
  const { app, environment } = report;
  const wanted = report.approval!.migrations;
  if (names.length > 0) {
    if (names.length === wanted.length && wanted.every((one) => names.includes(one))) return;
    throw new UsageError(`What needs an approval in ${app}/${environment} is: ${wanted.join(" ")}`, {
      hint: "They run together or not at all: name all of them, and no others.",
    });
  }
  if (!process.stdin.isTTY || options.json) {
    throw new UsageError(`Nobody can be asked here whether to approve ${wanted.join(" ")}`, {
      hint: `Name them: evenkeel db approve ${app} --env ${environment} ${wanted.join(" ")}`,
    });
  }
  print(report);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`Let these run in ${app}/${environment}? Type ${app} to approve: `);
  terminal.close();
  if (answer.trim() !== app)
    throw new UsageError("Nothing was approved", { hint: `The answer was not "${app}".` });
}

function print(report: MigrationsReport): void {
  const { app, environment, deployment, database, kind, folder, command, migrations, approval } = report;
  const what = kind === "command" ? `the command ${describeCommand(command!)}` : `${folder} (${kind})`;
  console.log(
    `${app}/${environment}, ${database === "own" ? "its own" : "an external"} database: ${what} of deployment ${deployment}`,
  );
  if (migrations.length > 0)
    console.log(formatTable(["migration", "state", "effect", "ran"], migrations.map(row)));
  for (const statement of migrations.flatMap((one) => one.statements ?? [])) {
    if (statement.effect !== "additive") console.log(explain(statement));
  }
  if (!approval) return;
  if (approval.approved) {
    console.log(`Approved by ${approval.approved.by} at ${new Date(approval.approved.atMs).toISOString()}.`);
  } else if (approval.required) {
    console.log(
      `To be approved before they run: evenkeel db approve ${app} --env ${environment} ${approval.migrations.join(" ")}`,
    );
  }
}

const row = ({ name, state, effect, ranAtMs }: MigrationState): string[] => [
  name,
  state,
  effect,
  ranAtMs === undefined ? "–" : formatAge(ranAtMs),
];

const explain = ({ file, line, text, effect, reasons, remedies }: MigrationStatement): string =>
  [
    `${file}:${line} is ${effect}: it ${reasons.join("; it ")}`,
    `  ${text}`,
    ...remedies.map((remedy) => `  → ${remedy}`),
  ].join("\n");
