import type { AppName } from "@evenkeel/model";
import type { AutoDeployPause } from "../api/contract/index.ts";
import { record } from "../audit/audit-log.ts";
import { type Connection, first } from "../database/connection.ts";

interface Of {
  app: AppName;
  environment: string;
}

/** Undefined: what is pushed is released. */
export async function autoDeployPause(
  connection: Connection,
  { app, environment }: Of,
): Promise<AutoDeployPause | undefined> {
  const row = await first(
    connection.query<{ paused: AutoDeployPause | null }>(
      "SELECT auto_deploy_paused AS paused FROM environments WHERE app = $1 AND name = $2",
      [app, environment],
    ),
  );
  return row?.paused ?? undefined;
}

/** What is pushed from now on is built and not released. Part of a transaction; the first reason stays. */
export async function pauseAutoDeploy(
  connection: Connection,
  { app, environment }: Of,
  { who, reason }: { who: string; reason: string },
): Promise<void> {
  const pause: AutoDeployPause = { by: who, reason, atMs: Date.now() };
  const paused = await connection.query(
    `UPDATE environments SET auto_deploy_paused = $3
     WHERE app = $1 AND name = $2 AND auto_deploy_paused IS NULL RETURNING 1`,
    [app, environment, JSON.stringify(pause)],
  );
  if (paused.length > 0)
    await record(connection, { who, action: "auto-deploy.pause", app, detail: { environment, reason } });
}

/** False: it was not paused. */
export async function resumeAutoDeploy(
  connection: Connection,
  { app, environment }: Of,
  who: string,
): Promise<boolean> {
  const resumed = await connection.query(
    `UPDATE environments SET auto_deploy_paused = NULL
     WHERE app = $1 AND name = $2 AND auto_deploy_paused IS NOT NULL RETURNING 1`,
    [app, environment],
  );
  if (resumed.length > 0)
    await record(connection, { who, action: "auto-deploy.resume", app, detail: { environment } });
  return resumed.length > 0;
}
