import { formatDuration, type UpkeepRun } from "@evenkeel/model";
import type { Command } from "commander";
import { UpkeepFailedError, UsageError } from "../../errors.ts";
import { formatAge, formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { type DatabaseOptions, databaseCommand, followWork, named } from "./database-options.ts";
import { findDatabase } from "./db-terms.ts";

interface UpkeepOptions extends DatabaseOptions {
  set?: string;
  at?: string;
  sql?: string;
  remove?: string;
  run?: string;
}

/** Maintenance, and what there is to maintain. */
export function registerDbUpkeep(db: Command): void {
  databaseCommand(db, "upkeep", "maintenance SQL at its times, with a log")
    .description(
      "Tasks run as the app's role, statement by statement and outside a transaction, so REINDEX CONCURRENTLY and VACUUM may be among them. A statement waits 10 s for a lock and takes 2 h at most; the first that fails ends the run.",
    )
    .option("--set <task>", "add or change a task, with --at and --sql")
    .option("--at <time>", "`daily 03:00 UTC` or `weekly Sunday 04:00 UTC`")
    .option("--sql <statements>", "separated by semicolons")
    .option("--remove <task>", "remove a task")
    .option("--run <task>", "run a task now")
    .addHelpText(
      "after",
      `
Examples:
  evenkeel db upkeep shop
  evenkeel db upkeep shop --set weekly-index --at "weekly Sunday 04:00 UTC" --sql "REINDEX TABLE CONCURRENTLY orders; ANALYZE orders"
  evenkeel db upkeep shop --set sessions --at "daily 03:00 UTC" --sql "DELETE FROM sessions WHERE expires < now()"
  evenkeel db upkeep shop --run sessions`,
    )
    .action(upkeep);
  databaseCommand(db, "statements", "what takes the database's time, by pg_stat_statements")
    .addHelpText("after", "\nExample:\n  evenkeel db statements shop")
    .action(statements);
}

async function upkeep(app: string, options: UpkeepOptions): Promise<void> {
  const name = named(app, options);
  if (options.run !== undefined) return run({ ...name, task: options.run }, options);
  const { terms } = await findDatabase(name);
  if (options.set !== undefined || options.remove !== undefined) {
    const others = terms.upkeep.filter((task) => task.name !== (options.set ?? options.remove));
    if (options.set === undefined && others.length === terms.upkeep.length) {
      throw new UsageError(`There is no task ${options.remove}`, { hint: `evenkeel db upkeep ${app}` });
    }
    terms.upkeep = options.set === undefined ? others : [...others, wanted(options)];
    await withControl((client) => client.setDatabaseTerms({ ...name, upkeep: terms.upkeep }));
  }
  const { runs } = await withControl((client) => client.listUpkeepRuns(name));
  if (options.json) return void console.log(JSON.stringify({ tasks: terms.upkeep, runs }));
  if (terms.upkeep.length === 0)
    return void console.log("No upkeep. Add a task: evenkeel db upkeep APP --set …");
  const rows = terms.upkeep.map((task) => {
    const last = runs.find((one) => one.task === task.name);
    return [task.name, task.when, last ? formatAge(last.startedMs) : "not yet", last ? outcome(last) : ""];
  });
  console.log(formatTable(["task", "at", "last run", "outcome"], rows));
}

function wanted({ set, at, sql }: UpkeepOptions): { name: string; when: string; sql: string } {
  if (at === undefined || sql === undefined) {
    throw new UsageError("--set needs --at and --sql", {
      hint: '--set sessions --at "daily 03:00 UTC" --sql "DELETE …"',
    });
  }
  return { name: set!, when: at, sql };
}

async function run(name: ReturnType<typeof named> & { task: string }, options: UpkeepOptions): Promise<void> {
  const { run: done } = await withControl((client) => followWork(client.runUpkeep(name), options.json));
  if (done.error !== undefined) throw new UpkeepFailedError(name.task, done.error);
  console.log(options.json ? JSON.stringify(done) : `${name.task}: ${outcome(done)}`);
}

const outcome = ({ error, statements, rows, tookMs }: UpkeepRun): string =>
  error ??
  `${statements} ${statements === 1 ? "statement" : "statements"}, ${rows} rows, ${formatDuration(tookMs)}`;

async function statements(app: string, options: DatabaseOptions): Promise<void> {
  const name = named(app, options);
  const { statements: found } = await withControl((client) => client.listStatements(name));
  if (options.json) return void console.log(JSON.stringify(found));
  const rows = found.map((one) => [
    formatDuration(one.totalMs),
    String(one.calls),
    `${one.meanMs.toFixed(2)} ms`,
    one.statement.replace(/\s+/g, " ").slice(0, 100),
  ]);
  console.log(formatTable(["total", "calls", "mean", "statement"], rows));
}
