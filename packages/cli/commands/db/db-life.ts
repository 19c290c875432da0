import type { ExternalDatabase } from "@evenkeel/control";
import {
  type DatabaseReport,
  databaseTroubles,
  formatDuration,
  formatSize,
  parseAppName,
} from "@evenkeel/model";
import type { Command } from "commander";
import { confirm } from "../../output/confirm.ts";
import { formatAge, formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { type DatabaseOptions, databaseCommand, followWork, named } from "./database-options.ts";

/** Making, listing and removing databases. */
export function registerDbLife(db: Command): void {
  databaseCommand(db, "create", "make a database, with its first backup")
    .addHelpText(
      "after",
      "\nDeployments that begin afterwards get DATABASE_URL, DIRECT_URL and PG*.\n\nExample:\n  evenkeel db create shop --env staging",
    )
    .action(create);
  db.command("list")
    .summary("list databases with their size and the state of their archive")
    .argument("[app]", "only this app's")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel db list")
    .action(list);
  databaseCommand(db, "remove", "remove a database, after a last backup")
    .option("-y, --yes", "do not ask")
    .addHelpText("after", "\nExample:\n  evenkeel db remove shop --env preview")
    .action(remove);
}

async function create(app: string, options: DatabaseOptions): Promise<void> {
  const name = named(app, options);
  const { database, created } = await withControl((client) =>
    followWork(client.createDatabase(name), options.json),
  );
  if (options.json) return void console.log(JSON.stringify({ ...database, created }));
  console.log(
    created
      ? `The database of ${app}/${name.environment} is there. Deploy the app to give it its DATABASE_URL.`
      : `${app}/${name.environment} had a database already.`,
  );
}

async function list(app: string | undefined, options: { json?: boolean }): Promise<void> {
  const { databases, external } = await withControl((client) =>
    app === undefined ? client.listAllDatabases() : client.listDatabases({ app: parseAppName(app) }),
  );
  if (options.json) return void console.log(JSON.stringify([...databases, ...external]));
  if (databases.length + external.length === 0)
    return void console.log("No databases yet. Make one: evenkeel db create APP");
  console.log(
    formatTable(
      ["database", "state", "port", "size", "made", "verified", "standby", "archived to"],
      [...databases.map(describe), ...external.map(describeExternal)],
    ),
  );
  const troubles = databases.flatMap((database) => databaseTroubles(database, Date.now()));
  if (troubles.length > 0) console.log(`\n${troubles.map((trouble) => `! ${trouble}`).join("\n")}`);
}

const describe = (database: DatabaseReport): string[] => [
  `${database.app}/${database.environment}`,
  database.state,
  String(database.port),
  formatSize(database.sizeBytes),
  formatAge(database.createdAtMs),
  verified(database),
  standbyOf(database),
  database.archiveError?.message ??
    (database.archiveBehindMs === undefined
      ? undefined
      : `${formatDuration(database.archiveBehindMs)} behind`) ??
    (database.archivedToMs === undefined ? "–" : new Date(database.archivedToMs).toISOString()),
];

function verified({ verification }: DatabaseReport): string {
  if (!verification) return "not yet";
  const { verdict, startedMs } = verification;
  return verdict === "passed" ? formatAge(startedMs) : `${verdict}, ${formatAge(startedMs)}`;
}

function standbyOf({ standby, formerPrimary }: DatabaseReport): string {
  if (!standby) return formerPrimary === undefined ? "–" : "none since a failover";
  return standby.state === "streaming" && standby.sync && standby.syncSuspendedMs === undefined
    ? "in step, commits wait"
    : standby.state;
}

const describeExternal = ({ app, environment, state, port, host, variable }: ExternalDatabase): string[] => [
  ...[`${app}/${environment}`, state, String(port), "–", "–", "–", "–"],
  `${host} of ${variable}: backups and point-in-time recovery are its provider's`,
];

async function remove(app: string, options: DatabaseOptions & { yes?: boolean }): Promise<void> {
  const name = named(app, options);
  if (!options.yes) await confirm(`the database of ${app}/${name.environment}`, app);
  const { removed } = await withControl((client) => followWork(client.removeDatabase(name), options.json));
  if (options.json) return void console.log(JSON.stringify({ removed: removed ?? null }));
  console.log(`Removed the database of ${app}/${name.environment}.`);
  if (removed) console.log(`Its backups, the last one ${removed.backup}, stay in ${removed.archive}`);
}
