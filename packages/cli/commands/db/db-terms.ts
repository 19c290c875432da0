import type { DatabaseReport } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import type { DeployableEnvironment } from "../../platform/environment-option.ts";
import { type DatabaseOptions, databaseCommand, named } from "./database-options.ts";

/** What a database is promised. */
export function registerDbTerms(db: Command): void {
  databaseCommand(db, "schedule", "show or set when backups are taken and how long they are kept")
    .argument("[clauses...]", "in quotes; none shows what is promised now")
    .addHelpText(
      "after",
      `
\`daily\` and \`weekly\` take a backup at a time (UTC) and keep it; \`continuous\` keeps what every moment of that time needs. A backup that the
machine slept through is taken at its start.

Examples:
  evenkeel db schedule shop
  evenkeel db schedule shop "daily 02:00 UTC, 30 days" "weekly Sunday 01:00 UTC, 12 weeks" "continuous, 7 days"`,
    )
    .action(schedule);
  databaseCommand(db, "protect", "choose whether commits wait until they are archived on this machine")
    .description(
      "With --zero-loss a commit is acknowledged when the archive's receiver has it on disk too, outside the data directory: losing that directory loses no acknowledged commit. It costs a fraction of a millisecond, and commits wait while no receiver runs. Without it the receiver follows within a tenth of a second.",
    )
    .option("--zero-loss", "commits wait for the receiver")
    .option("--no-zero-loss", "they do not (default)")
    .addHelpText("after", "\nExample:\n  evenkeel db protect shop --zero-loss")
    .action(protect);
}

async function schedule(app: string, clauses: string[], options: DatabaseOptions): Promise<void> {
  const name = named(app, options);
  const database =
    clauses.length > 0
      ? await withControl((client) => client.setDatabaseTerms({ ...name, schedule: clauses }))
      : { database: await findDatabase(name) };
  show(database.database, options);
}

async function protect(app: string, options: DatabaseOptions & { zeroLoss?: boolean }): Promise<void> {
  const name = named(app, options);
  const { zeroLoss } = options;
  if (zeroLoss === undefined) return show(await findDatabase(name), options);
  const { database } = await withControl((client) => client.setDatabaseTerms({ ...name, zeroLoss }));
  show(database, options);
}

/** @throws UsageError */
export async function findDatabase(name: {
  app: string;
  environment: DeployableEnvironment;
}): Promise<DatabaseReport> {
  const { databases } = await withControl((client) => client.listDatabases({ app: name.app }));
  const found = databases.find(({ environment }) => environment === name.environment);
  if (found) return found;
  throw new UsageError(`${name.app} has no database in ${name.environment}`, {
    hint: `Make one: evenkeel db create ${name.app} --env ${name.environment}`,
  });
}

function show(database: DatabaseReport, options: DatabaseOptions): void {
  const { terms, nextBackupMs } = database;
  if (options.json) return void console.log(JSON.stringify({ ...terms, nextBackupMs }));
  console.log(
    formatTable(
      ["promised", `to ${database.app}/${database.environment}`],
      [
        ...terms.schedule.map((clause, index) => [index === 0 ? "backups" : "", clause]),
        ["next backup", new Date(nextBackupMs).toISOString()],
        ["zero loss", terms.zeroLoss ? "commits wait for the archive's receiver" : "no"],
      ],
    ),
  );
}
