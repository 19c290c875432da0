import { existsSync } from "node:fs";
import { buildFolder, removeBuildFolder, unpackSource } from "@evenkeel/build";
import { uploadPath } from "@evenkeel/build/source/upload-layout";
import { type FileHash, formatSize, type HomeLayout } from "@evenkeel/model";
import { getApp } from "../../apps/app-store.ts";
import { attachBucket } from "../../blobs/attach-bucket.ts";
import { attachDatabase } from "../../databases/attach-database.ts";
import { declareVariables, readDeclared } from "../../deployments/declare-variables.ts";
import type { DeploymentRow } from "../../deployments/deployment-row.ts";
import { ReferenceMissingError, SourceGoneError } from "../../errors.ts";
import { noteDeclaredFlags } from "../../flags/declare-flags.ts";
import { checkOutCommit } from "../../git/check-out-commit.ts";
import { collectMigrations } from "../../migrations/collect-migrations.ts";
import { noteRunbookFlags } from "../../runbook/runbook-flags.ts";
import { takeRunbook } from "../../runbook/take-runbook.ts";
import { attachSandbox } from "../../sandbox/attach-sandbox.ts";
import { attachCronSecret } from "../../schedules/cron-secret.ts";
import { declaresSchedules } from "../../schedules/declares-schedules.ts";
import type { PipelineStep } from "../pipeline-step.ts";

/**
 * Puts the source into an empty build folder; what an interrupted attempt left there goes first. Then its database, which builds may ask, its flags
 * and its migrations, and its cron secret, which builds may write into middleware.
 */
export const sourceStep: PipelineStep = {
  name: "source",
  state: "building",
  async run({ deployment, log, signal }, parts) {
    const { layout } = parts;
    await removeBuildFolder(layout, deployment.id);
    const folder = buildFolder(layout, deployment.id);
    if ("commit" in deployment.source) {
      await checkOutCommit(layout, deployment.app, deployment.source.commit, folder.source, signal);
      log.note(`Checked out ${deployment.source.commit.slice(0, 12)}`);
    } else {
      const unpacked = await unpackSource(
        archive(layout, deployment, deployment.source.upload),
        folder.source,
      );
      log.note(`Unpacked ${unpacked.fileCount} files, ${formatSize(unpacked.totalBytes)}`);
    }
    const { settings } = await getApp(parts.database, deployment.app);
    const { env } = readDeclared(folder.source, settings.rootDirectory ?? "");
    await takeRunbook(parts, deployment, settings.rootDirectory ?? "", log, signal);
    // Before the database: a person's own, named there, is then not given a second one beside it. After it: `@database-url` may mean ours.
    await declareVariables(parts, deployment, env);
    await attachDatabase(parts, deployment, folder.source, log);
    await attachBucket(parts, deployment, folder.source, log);
    await attachSandbox(parts, deployment, log);
    const missing = await declareVariables(parts, deployment, env);
    if (missing.length > 0) throw new ReferenceMissingError(deployment.app, deployment.environment, missing);
    await noteDeclaredFlags(parts.database, deployment, folder.source, log);
    await noteRunbookFlags(parts.database, deployment, log);
    if (declaresSchedules(folder.source, settings.rootDirectory ?? "")) {
      await attachCronSecret(parts.database, parts.vault, deployment);
    }
    return collectMigrations(parts, deployment, folder.source, log);
  },
};

function archive(layout: HomeLayout, deployment: DeploymentRow, upload: string): string {
  const path = uploadPath(layout, upload as FileHash);
  if (!existsSync(path)) throw new SourceGoneError(deployment.id);
  return path;
}
