import { formatSize } from "@evenkeel/model";
import type { Command } from "commander";
import { confirm } from "../../output/confirm.ts";
import { formatAge, formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { type DatabaseOptions, databaseCommand, followWork, named } from "./database-options.ts";
import { describeNew } from "./db-branches.ts";

/** Backups, and going back. */
export function registerDbBackups(db: Command): void {
  databaseCommand(db, "backup", "take a backup now")
    .addHelpText("after", "\nExample:\n  evenkeel db backup shop")
    .action(backup);
  databaseCommand(db, "backups", "list backups, oldest first")
    .addHelpText("after", "\nExample:\n  evenkeel db backups shop")
    .action(backups);
  databaseCommand(db, "restore", "set a database back to a moment")
    .description(
      "Restores beside the running database, then puts the restored one in its place. The app goes on, but for the moment of the switch; what it wrote after the point is no longer in the database, and is kept in a folder beside it and in the archive. With --into the database stays as it is: the point becomes a branch to look at.",
    )
    .requiredOption("--to <point>", "a time with its zone, an LSN, a restore point's name, or latest")
    .option("--into <branch>", "make a branch of that point, and leave the database as it is")
    .option("-y, --yes", "do not ask")
    .addHelpText(
      "after",
      '\nExamples:\n  evenkeel db restore shop --to "2026-03-01 14:05:00Z"\n  evenkeel db restore shop --to 0/3000148 --yes\n  evenkeel db restore shop --to "2026-03-01 14:05:00Z" --into look && evenkeel db psql shop --branch look',
    )
    .action(restore);
}

async function backup(app: string, options: DatabaseOptions): Promise<void> {
  const name = named(app, options);
  const { backup: taken } = await withControl((client) =>
    followWork(client.backUpDatabase(name), options.json),
  );
  if (options.json) console.log(JSON.stringify(taken));
  else
    console.log(
      `Backup ${taken.id}: ${formatSize(taken.dataBytes)}, ${formatSize(taken.storedBytes)} new in the archive.`,
    );
}

async function backups(app: string, options: DatabaseOptions): Promise<void> {
  const name = named(app, options);
  const { backups: taken } = await withControl((client) => client.listBackups(name));
  if (options.json) return void console.log(JSON.stringify(taken));
  const rows = taken.map((one) => [
    one.id,
    one.label,
    formatAge(one.stoppedMs),
    formatSize(one.dataBytes),
    formatSize(one.storedBytes),
  ]);
  console.log(formatTable(["backup", "for", "taken", "size", "stored"], rows));
}

interface RestoreOptions extends DatabaseOptions {
  to: string;
  into?: string;
  yes?: boolean;
}

async function restoreInto(
  name: ReturnType<typeof named>,
  into: string,
  { to, json }: RestoreOptions,
): Promise<void> {
  const { branch } = await withControl((client) =>
    followWork(client.createBranch({ ...name, branch: into, to }), json),
  );
  if (json) return void console.log(JSON.stringify(branch));
  console.log(describeNew(branch));
  console.log(`Look into it: evenkeel db psql ${name.app} --branch ${branch.branch}`);
}

async function restore(app: string, options: RestoreOptions): Promise<void> {
  const name = named(app, options);
  if (options.into !== undefined) return restoreInto(name, options.into, options);
  const what = `what ${app}/${name.environment} wrote after ${options.to} from its database`;
  if (!options.yes) await confirm(what, app);
  const { restored } = await withControl((client) =>
    followWork(client.restoreDatabase({ ...name, to: options.to }), options.json),
  );
  if (options.json) return void console.log(JSON.stringify(restored));
  console.log(`The database of ${app}/${name.environment} is set back to ${options.to}.`);
  if (restored.lastCommit) console.log(`Its last transaction is of ${restored.lastCommit}.`);
  console.log(`What it was before is kept in ${restored.replaced}`);
}
