import {
  type DatabaseFailover,
  type DatabaseReport,
  formatDuration,
  formatSize,
  parseAppName,
  type StandbyReport,
} from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { confirm } from "../../output/confirm.ts";
import { formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { callerPath } from "../../platform/home.ts";
import { type DatabaseOptions, databaseCommand, followWork, named } from "./database-options.ts";
import { findDatabase } from "./db-terms.ts";

/** A hot standby, and changes of the primary. */
export function registerDbStandby(db: Command): void {
  const standby = db
    .command("standby")
    .summary("a hot standby that follows a database and can take its place")
    .addHelpText("after", "\nExample:\n  evenkeel db standby add shop --sync --path /mnt/second-disk");
  databaseCommand(standby, "add", "make a standby, or change the terms of the one that is there")
    .description(
      "Copies the database into another data directory, verifies every page, and follows it by streaming replication. With --sync a commit is acknowledged when the standby has it on disk too: taking over then loses none. A standby that is away for ten seconds is no longer waited for, and `db list` says so.",
    )
    .option("--sync", "commits wait for it")
    .option("--path <folder>", "where it is kept, best on another disk (default beside the database)")
    .option(
      "--automatic [checks]",
      "it takes over by itself after so many failed checks, two seconds apart (default 3)",
    )
    .option("--no-automatic", "only when somebody asks")
    .addHelpText("after", "\nExample:\n  evenkeel db standby add shop --sync --automatic")
    .action(add);
  standby
    .command("list")
    .summary("list standbys and how far they are behind")
    .argument("[app]", "only this app's")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel db standby list")
    .action(list);
  databaseCommand(standby, "remove", "end a standby and remove its data")
    .option("-y, --yes", "do not ask")
    .addHelpText("after", "\nExample:\n  evenkeel db standby remove shop")
    .action(remove);
  databaseCommand(db, "failover", "make the standby the primary")
    .description(
      "A primary that answers is shut down when the standby has all of it: nothing is lost. One that does not is fenced first, so that it never takes a write again. The address stays the same: connections break once and come back. Archive and point-in-time recovery go on.",
    )
    .option("--reason <text>", "for the record")
    .option("--decided-by <role>", "one of the runbook's decision makers, where it names some")
    .option("-y, --yes", "do not ask")
    .addHelpText("after", "\nExample:\n  evenkeel db failover shop --reason 'disk is failing'")
    .action(failOver);
  databaseCommand(db, "failback", "make the former primary a standby again, then the primary")
    .option("--stay", "only make it a standby of the present primary")
    .option("--reason <text>", "for the record")
    .option("--decided-by <role>", "one of the runbook's decision makers, where it names some")
    .addHelpText("after", "\nExample:\n  evenkeel db failback shop")
    .action(failBack);
  db.command("failovers")
    .summary("list changes of the primary, newest first")
    .argument("<app>", "name of the app")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel db failovers shop")
    .action(failovers);
}

interface AddOptions extends DatabaseOptions {
  sync?: boolean;
  path?: string;
  automatic?: boolean | string;
}

async function add(app: string, options: AddOptions): Promise<void> {
  const name = named(app, options);
  const failoverChecks = readChecks(options.automatic);
  const path = options.path === undefined ? {} : { path: callerPath(options.path) };
  const body = { ...name, sync: options.sync ?? false, ...path };
  const database = await withControl(async (client) => {
    const made = await followWork(client.addStandby(body), options.json);
    if (failoverChecks === undefined) return made.database;
    return (await client.setDatabaseTerms({ ...name, failoverChecks })).database;
  });
  if (options.json) return void console.log(JSON.stringify(database));
  const { standby, terms } = database;
  console.log(`The database of ${app}/${name.environment} has a standby in ${standby?.folder}.`);
  console.log(
    `${standby?.sync ? "Commits wait for it." : "Commits do not wait for it: taking over may lose the newest."} ${
      terms.failoverChecks > 0
        ? `It takes over by itself after ${terms.failoverChecks} failed checks.`
        : `It takes over when somebody asks: evenkeel db failover ${app}`
    }`,
  );
}

/** @throws UsageError */
function readChecks(automatic: boolean | string | undefined): number | undefined {
  if (automatic === undefined) return undefined;
  if (typeof automatic === "boolean") return automatic ? 3 : 0;
  const checks = Number(automatic);
  if (Number.isInteger(checks) && checks >= 1 && checks <= 100) return checks;
  throw new UsageError(`--automatic "${automatic}" is no number of checks`, {
    hint: "Write 1 to 100; 3 is usual.",
  });
}

async function list(app: string | undefined, { json }: { json?: boolean }): Promise<void> {
  const { databases } = await withControl((client) =>
    app === undefined ? client.listAllDatabases() : client.listDatabases({ app: parseAppName(app) }),
  );
  const found = databases.filter(({ standby }) => standby);
  if (json) return void console.log(JSON.stringify(found));
  if (found.length === 0) return void console.log("No standbys. Make one: evenkeel db standby add APP");
  console.log(
    formatTable(["database", "state", "commits wait", "behind", "takes over", "folder"], found.map(describe)),
  );
}

const describe = ({ app, environment, standby, terms }: DatabaseReport): string[] => [
  `${app}/${environment}`,
  standby!.error ? `${standby!.state}: ${standby!.error.message}` : standby!.state,
  waits(standby!),
  standby!.lagBytes === undefined
    ? "–"
    : `${formatSize(standby!.lagBytes)}, ${formatDuration(standby!.lagMs ?? 0)}`,
  terms.failoverChecks > 0 ? `after ${terms.failoverChecks} failed checks` : "when asked",
  standby!.folder,
];

export function waits({ sync, syncSuspendedMs }: StandbyReport): string {
  if (!sync) return "no";
  return syncSuspendedMs === undefined ? "yes" : `not since ${new Date(syncSuspendedMs).toISOString()}`;
}

async function remove(app: string, options: DatabaseOptions & { yes?: boolean }): Promise<void> {
  const name = named(app, options);
  if (!options.yes) await confirm(`the standby of ${app}/${name.environment}`, app);
  await withControl((client) => followWork(client.removeStandby(name), options.json));
  if (options.json) return void console.log(JSON.stringify(await findDatabase(name)));
  console.log(`Removed the standby of ${app}/${name.environment}.`);
}

interface ChangeOptions extends DatabaseOptions {
  reason?: string;
  decidedBy?: string;
  yes?: boolean;
  stay?: boolean;
}

const decision = ({ reason, decidedBy }: ChangeOptions) => ({
  ...(reason === undefined ? {} : { reason }),
  ...(decidedBy === undefined ? {} : { decidedBy }),
});

async function failOver(app: string, options: ChangeOptions): Promise<void> {
  const name = named(app, options);
  if (!options.yes)
    await confirm(`the primary of ${app}/${name.environment} (it is replaced by its standby)`, app);
  const { failover } = await withControl((client) =>
    followWork(client.failOver({ ...name, ...decision(options) }), options.json),
  );
  if (options.json) return void console.log(JSON.stringify(failover));
  console.log(`${app}/${name.environment} is served by its former standby: ${outcome(failover)}.`);
  console.log(
    `The former primary is fenced in ${failover.from}. When it is sound: evenkeel db failback ${app}`,
  );
}

async function failBack(app: string, options: ChangeOptions): Promise<void> {
  const name = named(app, options);
  const body = { ...name, ...decision(options), switchBack: !options.stay };
  const { database } = await withControl((client) => followWork(client.failBack(body), options.json));
  if (options.json) return void console.log(JSON.stringify(database));
  console.log(
    options.stay
      ? `The former primary of ${app}/${name.environment} follows the present one.`
      : `${app}/${name.environment} is served where it was before; its standby is in ${database.standby?.folder}.`,
  );
}

async function failovers(app: string, { json }: { json?: boolean }): Promise<void> {
  const { failovers: all } = await withControl((client) => client.listFailovers({ app: parseAppName(app) }));
  if (json) return void console.log(JSON.stringify(all));
  if (all.length === 0) return void console.log(`No database of ${app} has changed its primary.`);
  const rows = all.map((one) => [
    new Date(one.startedMs).toISOString().slice(0, 19).replace("T", " "),
    one.environment,
    one.kind,
    `${one.trigger}, ${one.by}`,
    one.state === "done"
      ? outcome(one)
      : `${one.state} at ${one.step}${one.error ? `: ${one.error.message}` : ""}`,
    one.reason,
  ]);
  console.log(formatTable(["when (UTC)", "environment", "what", "by", "outcome", "reason"], rows));
}

function outcome({ startedMs, acceptedMs, lost, commitsWaited }: DatabaseFailover): string {
  const took =
    acceptedMs === undefined ? "" : `writes accepted after ${formatDuration(acceptedMs - startedMs)}`;
  if (!lost) return took;
  if (lost.commits === 0) return `${took}, no commit lost`;
  if (commitsWaited) return `${took}, no acknowledged commit lost (${lost.commits} without an answer)`;
  return `${took}, ${lost.commits} commits lost (${formatSize(lost.bytes)} of WAL, ${formatDuration(lost.seconds * 1_000)})`;
}
