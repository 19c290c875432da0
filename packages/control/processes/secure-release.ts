import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readOutput } from "@evenkeel/build";
import { functionTreePath, type HomeLayout } from "@evenkeel/model";
import { migrator } from "@evenkeel/postgres/migrations/migrator";
import { getApp } from "../apps/app-store.ts";
import type { DeploymentRow } from "../deployments/deployment-row.ts";
import { migrationTarget } from "../migrations/migration-target.ts";
import { secureBefore } from "../migrations/secure-before.ts";
import type { Job, PipelineParts } from "../pipeline/pipeline-step.ts";
import { looksLikeMigration } from "./release-migrates.ts";

/**
 * Keeps what a release command may take away: where it is called a migration, or looks like one, and the deployment has a database with anything in
 * it, a backup is taken first. Nobody has to approve the command: it runs as at Heroku.
 *
 * @throws what keeps the backup from being taken; the command must not run then
 */
export async function secureRelease(
  { deployment, log, signal }: Job,
  parts: PipelineParts,
  command: string,
): Promise<void> {
  // The same build has run it with this database before.
  if (deployment.derivedFrom !== null) return;
  const { settings } = await getApp(parts.database, deployment.app);
  const declared = settings.releaseMigrates ?? undefined;
  if (declared === false) return;
  if (!declared && !looksLikeMigration(command, await scriptsOf(parts.layout, deployment))) return;
  const target = await migrationTarget(parts.database, parts.vault, deployment);
  if (!target) return;
  log.note(`The release command ${declared ? "is declared" : "looks like"} a migration`);
  const { hasContent } = await migrator({ type: "ledger", address: target.address }, { signal });
  if (!hasContent) return log.note("The database is empty: it needs no backup");
  await secureBefore(parts, target, deployment, (text) => log.note(text), signal);
}

/** Of the `package.json` that stands beside the Procfile. */
async function scriptsOf(
  layout: HomeLayout,
  { output }: Pick<DeploymentRow, "output">,
): Promise<Record<string, string>> {
  if (output === null) return {};
  const { services } = await readOutput(layout, output);
  if (!services) return {};
  try {
    const path = join(functionTreePath(layout, services.slug), services.folder, "package.json");
    const { scripts = {} } = JSON.parse(await readFile(path, "utf8")) as { scripts?: Record<string, string> };
    return scripts;
  } catch {
    // Apps of other languages have none.
    return {};
  }
}
