import {
  type BuildLogLine,
  buildFolder,
  provisionToolchain,
  runAppCommand,
  type ToolWish,
} from "@evenkeel/build";
import { EvenkeelError, type HomeLayout } from "@evenkeel/model";
import { explainConnection } from "@evenkeel/postgres/client/database-address";
import { MigrationApprovalError } from "@evenkeel/postgres/errors";
import { describeCommand } from "@evenkeel/postgres/migrations/detect";
import type { AppliedMigration } from "@evenkeel/postgres/migrations/ledger";
import type { MigrationCommand } from "@evenkeel/postgres/migrations/migration-set";
import { migrator } from "@evenkeel/postgres/migrations/migrator";
import { runMigrationCommand } from "@evenkeel/postgres/migrations/run-command";
import { getApp } from "../apps/app-store.ts";
import { openEnvironment } from "../deployments/deployment-environment.ts";
import type { Vault } from "../vault/vault.ts";
import { findApproval } from "./approval-store.ts";
import { howToApprove, type MigrateOptions, type MigrateParts } from "./migrate-database.ts";
import { keepLedger } from "./migration-store.ts";
import type { Migrated, MigrationTarget } from "./migration-target.ts";
import { secureBefore } from "./secure-before.ts";

export interface CommandOptions extends MigrateOptions {
  /** Of the build. */
  tools: ToolWish[];
  write: (line: BuildLogLine) => void;
}

/**
 * Runs a source's own migration command in a room like its build's, with the app's variables and none of the platform's. Nobody can read
 * beforehand what it does: so it is approved once by its words and files, and each run takes a backup first.
 *
 * @returns the whole ledger
 * @throws MigrationApprovalError, MigrationFailedError, what `runAppCommand` throws
 */
export async function migrateByCommand(
  parts: MigrateParts & { vault: Vault; layout: HomeLayout },
  deployment: Migrated,
  target: MigrationTarget,
  set: MigrationCommand,
  options: CommandOptions,
): Promise<AppliedMigration[]> {
  const { database, vault, layout } = parts;
  const { note, signal } = options;
  const { ledger: before, hasContent } = await migrator(
    { type: "ledger", address: target.address },
    { signal },
  );
  await options.onLedger?.(before);
  if (hasContent) {
    if (!target.free) await requireApproval(parts, deployment, set, note);
    await secureBefore(parts, target, deployment, note, signal);
  }
  const { settings } = await getApp(database, deployment.app);
  const { user, system, secrets } = await openEnvironment(database, vault, deployment.id);
  const tools = await provisionToolchain(layout, options.tools);
  note(`Running ${describeCommand(set.command)}`);
  let failure: unknown;
  const run = () =>
    runAppCommand(layout, {
      ...{
        folder: buildFolder(layout, deployment.id),
        tools,
        app: deployment.app,
        argv: set.command,
        signal,
      },
      ...{ workingFolder: settings.rootDirectory ?? "", onLog: options.write },
      target: deployment.environment === "production" ? "production" : "preview",
      environment: { ...user, ...system },
      secrets,
    }).then(
      () => 0,
      (error) => {
        signal.throwIfAborted();
        if (!(error instanceof EvenkeelError)) throw error;
        failure = error;
        return 1;
      },
    );
  try {
    const ledger = await runMigrationCommand({
      ...{ connection: target.address, name: deployment.id, run },
      onWaiting: () => note("Waiting for another run of migrations in this database"),
    });
    await keepLedger(database, deployment, ledger);
    return ledger;
  } catch (error) {
    throw failure ?? explainConnection(error, target.address);
  }
}

async function requireApproval(
  { database }: MigrateParts,
  deployment: Migrated,
  { tool, command, checksum }: MigrationCommand,
  note: (text: string) => void,
): Promise<void> {
  const { app, environment } = deployment;
  const approved = await findApproval(database, { app, environment, key: checksum });
  if (!approved) {
    throw new MigrationApprovalError(
      `What the migrations of ${tool} do cannot be read: ${describeCommand(command)} has not been approved`,
      { hint: howToApprove(deployment, [tool]) },
    );
  }
  note(`The command was approved by ${approved.createdBy} at ${approved.createdAt.toISOString()}`);
}
