import { existsSync } from "node:fs";
import { join } from "node:path";
import { detectMigrations, shellCommand } from "@evenkeel/postgres/migrations/detect";
import { getApp } from "../apps/app-store.ts";
import type { Database } from "../database/database.ts";
import type { DeploymentRow } from "../deployments/deployment-row.ts";
import type { BuildLog } from "../logs/build-log.ts";
import type { Vault } from "../vault/vault.ts";
import { keepMigrations } from "./migration-store.ts";
import { migrationTarget } from "./migration-target.ts";

/** What the pipeline remembers of a deployment's migrations. */
export interface Collected extends Record<string, unknown> {
  /** Absent: it has no database. */
  database?: "own" | "external";
  /** A command needs the build's folder, and the packages in it. */
  migrations?: "sql" | "command";
}

/**
 * Reads a source's migrations while no code of it has run yet, so that what is approved is what somebody committed, and keeps them. May be
 * repeated.
 *
 * @throws InvalidValueError
 */
export async function collectMigrations(
  { database, vault }: { database: Database; vault: Vault },
  deployment: DeploymentRow,
  sourceFolder: string,
  log: BuildLog,
): Promise<Collected> {
  const target = await migrationTarget(database, vault, deployment);
  if (!target) return {};
  const { settings } = await getApp(database, deployment.app);
  const project = join(sourceFolder, settings.rootDirectory ?? "");
  // A root directory that is missing is the build's to tell.
  const found = existsSync(project)
    ? detectMigrations(project, {
        ...(settings.migrationCommand ? { command: shellCommand(settings.migrationCommand) } : {}),
        ...(settings.migrationFolder ? { folder: settings.migrationFolder } : {}),
      })
    : undefined;
  const isRunnable = found?.kind !== "command" || deployment.kind === "source";
  if (!isRunnable)
    log.note(`Migrations of ${found.tool} are not run: prebuilt output has no packages for it`);
  const set = isRunnable ? found : undefined;
  await keepMigrations(database, deployment, set);
  if (set === undefined) return { database: target.kind };
  log.note(
    set.kind === "command"
      ? `Migrations: the command of ${set.tool}`
      : `Migrations: ${set.migrations.length} in ${set.folder} (${set.kind})`,
  );
  return { database: target.kind, migrations: set.kind === "command" ? "command" : "sql" };
}
