import { rm } from "node:fs/promises";
import { appLogFolder } from "@evenkeel/logs";
import {
  type AppName,
  type DeploymentId,
  type EnvironmentName,
  errorJson,
  type HomeLayout,
  type ServingChange,
} from "@evenkeel/model";
import type { RemovedApp } from "../api/contract/index.ts";
import { record } from "../audit/audit-log.ts";
import type { BlobsLink } from "../blobs/blobs-link.ts";
import { giveUpBuckets, removeBucket } from "../blobs/bucket-store.ts";
import type { Database } from "../database/database.ts";
import type { DatabaseRemover } from "../databases/database-remover.ts";
import { giveUpDatabases } from "../databases/database-store.ts";
import type { Drains } from "../drains/drains.ts";
import { AppUnknownError } from "../errors.ts";
import type { TelemetryExports } from "../exports/telemetry-exports.ts";
import { discardRepository } from "../git/repository.ts";
import type { HostLink } from "../instances/host-link.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { SandboxLink } from "../sandbox/sandbox-link.ts";
import type { Serving } from "../serving/serving.ts";
import type { TelemetryLink } from "../telemetry/telemetry-link.ts";

const drainLimitMs = 60_000;

export interface RemoveAppParts {
  layout: HomeLayout;
  database: Database;
  blobs: BlobsLink;
  serving: Serving;
  host: HostLink;
  databaseRemover: DatabaseRemover;
  sandbox: SandboxLink;
  telemetry: TelemetryLink;
  drains: Drains;
  exports: TelemetryExports;
  pipeline: Pipeline;
}

/**
 * Removes an app: in one commit its aliases and rows, so that no request reaches it any more; then its instances are drained. Its
 * outputs go with the next sweep, since nothing needs them. The audit log keeps what was done.
 *
 * Databases and buckets go last, when nothing uses them any more; databases after a last backup.
 *
 * @returns how many deployments it had, and what became of its databases and buckets
 */
export async function removeApp(
  parts: RemoveAppParts,
  app: AppName,
  who: string,
): Promise<Omit<RemovedApp, "removed">> {
  const { result, published } = await parts.serving.change(async (connection) => {
    const [locked] = await connection.query("SELECT 1 FROM apps WHERE name = $1 FOR UPDATE", [app]);
    if (!locked) throw new AppUnknownError(app);
    const aliases = await connection.query<{ host: string; kind: string; deployment: DeploymentId | null }>(
      "SELECT host, kind, deployment FROM aliases WHERE app = $1",
      [app],
    );
    const rows = await connection.query<{ id: DeploymentId }>("SELECT id FROM deployments WHERE app = $1", [
      app,
    ]);
    const databases = await giveUpDatabases(connection, app);
    const buckets = await giveUpBuckets(connection, app);
    const flags = await connection.query<{ environment: EnvironmentName }>(
      "SELECT DISTINCT environment FROM flag_versions WHERE app = $1",
      [app],
    );
    await connection.query("DELETE FROM apps WHERE name = $1", [app]);
    await record(connection, { who, action: "app.remove", app, detail: { deployments: rows.length } });
    const changes = aliases.flatMap(({ host, kind, deployment }): ServingChange[] => {
      if (deployment === null) return [];
      const removed: ServingChange[] = [{ remove: "alias", host }];
      if (kind === "deployment") removed.push({ remove: "deployment", id: deployment });
      return removed;
    });
    changes.push(
      ...(["production", "staging"] as const).map(
        (environment): ServingChange => ({ remove: "mode", app, environment }),
      ),
    );
    changes.push(...flags.map(({ environment }): ServingChange => ({ remove: "flags", app, environment })));
    return { changes, result: { deployments: rows.map((row) => row.id), databases, buckets } };
  });
  const { deployments, databases, buckets } = result;
  parts.pipeline.halt(deployments);
  discardRepository(parts.layout, app);
  await published;
  const drained = Promise.allSettled(deployments.map((id) => parts.host.stopDeployment(id, drainLimitMs)))
    .then(() => Promise.all([parts.drains.forget(app), parts.exports.forget(app)]))
    .then(() => rm(appLogFolder(parts.layout, app), { recursive: true, force: true }));
  // What its twins know is of no use to anybody else; a sandbox that is away keeps it.
  void parts.sandbox.forget(app).catch(() => {});
  void parts.telemetry.ask({ type: "remove", app }).catch(() => {});
  // Else behind: draining waits for the longest request.
  if (databases.length + buckets.length > 0) await drained;
  return {
    deployments: deployments.length,
    databases: await Promise.all(
      databases.map(async (name) => {
        const { environment } = name;
        try {
          const removed = await parts.databaseRemover.remove(name);
          return { environment, ...(removed ? { archive: removed.archive } : {}) };
        } catch (error) {
          return { environment, error: errorJson(error) };
        }
      }),
    ),
    buckets: await Promise.all(
      buckets.map(async (owner) => {
        const { environment } = owner;
        try {
          return { environment, ...(await removeBucket(parts.database, parts.blobs, owner)) };
        } catch (error) {
          return { environment, error: errorJson(error) };
        }
      }),
    ),
  };
}
