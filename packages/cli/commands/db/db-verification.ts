import { type DatabaseEvidence, formatDuration, formatSize, parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { type DatabaseOptions, databaseCommand, followWork, named } from "./database-options.ts";

/** Proving that backups restore. */
export function registerDbVerification(db: Command): void {
  databaseCommand(db, "verify", "prove that a database can be restored")
    .description(
      "Counts and hashes every table, restores the newest backup and its WAL to that moment into a throw-away cluster, and compares: rows, page checksums, indexes. What it finds is kept as evidence. Each database is verified weekly by itself. Exits with 1 when it fails.",
    )
    .option("--every <days>", "instead: from now on by itself every so many days; 0: never")
    .addHelpText("after", "\nExamples:\n  evenkeel db verify shop\n  evenkeel db verify shop --every 1")
    .action(verify);
  databaseCommand(db, "check", "look for damage in a database that serves")
    .description(
      "Verifies the checksum of every page on disk, and every index and table by amcheck. Nothing in the database is changed, and it serves on. What was found stands in the audit log. Exits with 1 when there is damage, or something could not be checked.",
    )
    .addHelpText("after", "\nExample:\n  evenkeel db check shop")
    .action(check);
  db.command("evidence")
    .summary("list what verifications have found, newest first")
    .argument("<app>", "name of the app")
    .option("--env <environment>", "only of production, staging or preview")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel db evidence shop")
    .action(evidence);
}

interface VerifyOptions extends DatabaseOptions {
  every?: string;
}

async function verify(app: string, options: VerifyOptions): Promise<void> {
  const name = named(app, options);
  if (options.every !== undefined) return schedule(name, options.every, options);
  const { evidence: found } = await withControl((client) =>
    followWork(client.verifyDatabase(name), options.json),
  );
  if (found.verdict !== "passed") process.exitCode = 1;
  if (options.json) return void console.log(JSON.stringify(found));
  for (const { step, message } of found.failures) console.log(`Failed at ${step}: ${message}`);
  if (found.verdict === "passed") {
    console.log(`The database of ${app}/${name.environment} can be restored: ${measured(found)}.`);
  } else console.log(`The database of ${app}/${name.environment} was not proved to be restorable.`);
}

async function check(app: string, options: DatabaseOptions): Promise<void> {
  const name = named(app, options);
  const { check: found } = await withControl((client) =>
    followWork(client.checkDatabase(name), options.json),
  );
  if (found.verdict !== "passed") process.exitCode = 1;
  if (options.json) return void console.log(JSON.stringify(found));
  for (const { step, message } of found.failures) console.log(`Failed at ${step}: ${message}`);
  const looked = `${counted(found.pages, "page")}, ${found.indexes} indexes and ${counted(found.tables, "table")} in ${formatDuration(found.finishedMs - found.startedMs)}`;
  const what = `the database of ${app}/${name.environment}`;
  if (found.verdict === "passed") return void console.log(`No damage in ${what}: ${looked}.`);
  console.log(`There is damage in ${what}, or something could not be checked (${looked}).`);
  console.log(
    `Whether its backups are sound: evenkeel db verify ${app}. Back to a point before: evenkeel db restore ${app} --to TIME`,
  );
}

async function schedule(
  name: ReturnType<typeof named>,
  every: string,
  { json }: VerifyOptions,
): Promise<void> {
  const everyDays = Number(every);
  if (!/^\d{1,2}$/.test(every) || everyDays > 90) {
    throw new UsageError(`--every "${every}" is no number of days`, {
      hint: "Write a whole number up to 90; 0 means never.",
    });
  }
  const { database } = await withControl((client) => client.scheduleVerification({ ...name, everyDays }));
  if (json) return void console.log(JSON.stringify(database));
  const often = everyDays === 0 ? "no longer verified by itself" : `verified every ${everyDays} days`;
  console.log(`The database of ${name.app}/${name.environment} is ${often}.`);
}

function measured({ rtoMs, rpoMs, restoredBytes, rows, tables }: DatabaseEvidence): string {
  const back = rtoMs === undefined ? "" : ` back in ${formatDuration(rtoMs)},`;
  const lost = rpoMs === undefined ? "" : ` the newest ${formatDuration(rpoMs)} lost at worst`;
  return `${formatSize(restoredBytes)} and ${counted(rows, "row")} in ${counted(tables, "table")},${back}${lost}`;
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

async function evidence(name: string, options: { env?: string; json?: boolean }): Promise<void> {
  const app = parseAppName(name);
  const { env } = options;
  const environment = env === undefined ? {} : { environment: named(app, { env }).environment };
  const { evidence: all } = await withControl((client) => client.listEvidence({ app, ...environment }));
  if (options.json) return void console.log(JSON.stringify(all));
  if (all.length === 0) {
    return void console.log(`No database of ${app} was verified yet. Do it now: evenkeel db verify ${app}`);
  }
  const duration = (ms: number | undefined): string => (ms === undefined ? "–" : formatDuration(ms));
  const rows = all.map((one) => [
    new Date(one.startedMs).toISOString().slice(0, 19).replace("T", " "),
    one.environment,
    one.kind ?? "restore",
    one.verdict,
    duration(one.rpoMs),
    duration(one.rtoMs),
    one.kind === "check" ? "–" : formatSize(one.restoredBytes),
    one.failures[0]?.message ?? "",
  ]);
  const heading = ["when (UTC)", "environment", "what", "verdict", "RPO", "RTO", "size", "reason"];
  console.log(formatTable(heading, rows));
}
