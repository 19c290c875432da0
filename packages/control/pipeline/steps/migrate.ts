import { isDeepStrictEqual } from "node:util";
import { removeBuildFolder, type ToolWish } from "@evenkeel/build";
import type { AppliedMigration } from "@evenkeel/postgres/migrations/ledger";
import { migrator } from "@evenkeel/postgres/migrations/migrator";
import type { Collected } from "../../migrations/collect-migrations.ts";
import { migrateByCommand } from "../../migrations/migrate-by-command.ts";
import { migrateDatabase } from "../../migrations/migrate-database.ts";
import { everMigrated, keepKnown, keepLedger, keptMigrations } from "../../migrations/migration-store.ts";
import { type MigrationTarget, migrationTarget } from "../../migrations/migration-target.ts";
import { refuseOlderSource } from "../../migrations/release-schema.ts";
import type { Job, PipelineParts, PipelineStep } from "../pipeline-step.ts";

/**
 * Brings the database to what the new code needs, while the old code goes on using it. What fails here leaves the old release serving,
 * and the database as the last whole migration left it.
 */
export const migrateStep: PipelineStep = {
  name: "migrate",
  state: "deploying",
  skips: ({ deployment, results }) =>
    deployment.derivedFrom === null && (results.source as Collected | undefined)?.database === undefined,
  async run(job, parts) {
    const { deployment } = job;
    const { database, layout } = parts;
    const ledger = await migrate(job, parts);
    if (ledger) await keepKnown(database, deployment.id, ledger);
    // Behind, as after the import.
    if (!job.results.gates?.["later"]) void removeBuildFolder(layout, deployment.id).catch(() => {});
    return undefined;
  },
};

async function migrate(job: Job, parts: PipelineParts): Promise<AppliedMigration[] | undefined> {
  const { deployment, results, log, signal } = job;
  const { database, vault, place } = parts;
  const target = await migrationTarget(database, vault, deployment);
  if (!target || (await isMigratedAlready(parts, deployment, target))) return undefined;
  const note = (text: string) => log.note(text);
  const onLedger = (ledger: AppliedMigration[]) =>
    refuseOlderSource(database, place, deployment, ledger, note);
  const options = { note, signal, onLedger };
  const set = await keptMigrations(database, deployment);
  if (!set) {
    if (!(await everMigrated(database, deployment))) return undefined;
    const { ledger } = await migrator({ type: "ledger", address: target.address }, { signal });
    await onLedger(ledger);
    await keepLedger(database, deployment, ledger);
    return ledger;
  }
  if (set.kind !== "command") return migrateDatabase(parts, deployment, target, set, options);
  const { tools } = (results.build ?? {}) as { tools?: ToolWish[] };
  if (!tools) {
    log.note(`The migrations of ${set.tool} are not run without a build: deploy again to run them`);
    return undefined;
  }
  return migrateByCommand(parts, deployment, target, set, {
    ...options,
    tools,
    write: (line) => log.write(line),
  });
}

/** New variables for a build that is live, and the same database: it is where that build needs it. */
async function isMigratedAlready(
  { database, vault }: PipelineParts,
  { derivedFrom, app, environment }: Job["deployment"],
  { address }: MigrationTarget,
): Promise<boolean> {
  if (derivedFrom === null) return false;
  const before = await migrationTarget(database, vault, { id: derivedFrom, app, environment });
  return before !== undefined && isDeepStrictEqual(before.address, address);
}
