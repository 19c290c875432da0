import type { AppName, DeploymentId } from "@evenkeel/model";
import type { DeployableEnvironment, Release } from "../api/contract/index.ts";
import { type Connection, first } from "../database/connection.ts";

interface ReleaseRow {
  app: AppName;
  environment: DeployableEnvironment;
  version: number;
  host: string;
  deployment: DeploymentId;
  kind: Release["kind"];
  reason: string | null;
  created_at: Date;
  created_by: string;
  current: boolean;
}

const releases = `SELECT releases.*, coalesce(aliases.release = releases.version AND aliases.deployment = releases.deployment, false) AS current
  FROM releases LEFT JOIN aliases USING (host)`;

export async function listReleases(
  connection: Connection,
  filter: { app: AppName; environment: DeployableEnvironment; before?: number; limit: number },
): Promise<Release[]> {
  const rows = await connection.query<ReleaseRow>(
    `${releases} WHERE releases.app = $1 AND environment = $2 AND ($3::integer IS NULL OR version < $3)
     ORDER BY version DESC LIMIT $4`,
    [filter.app, filter.environment, filter.before ?? null, filter.limit],
  );
  return rows.map(view);
}

export async function releasesOf(connection: Connection, deployment: DeploymentId): Promise<Release[]> {
  const rows = await connection.query<ReleaseRow>(
    `${releases} WHERE releases.deployment = $1 ORDER BY releases.created_at DESC LIMIT 100`,
    [deployment],
  );
  return rows.map(view);
}

export async function findRelease(
  connection: Connection,
  app: AppName,
  environment: DeployableEnvironment,
  version: number,
): Promise<Release | undefined> {
  const row = await first(
    connection.query<ReleaseRow>(
      `${releases} WHERE releases.app = $1 AND environment = $2 AND version = $3`,
      [app, environment, version],
    ),
  );
  return row && view(row);
}

/**
 * Where a rollback of `host` leads: to what answered before the release (other than by a rollback) that brought what answers there now.
 * So a rollback after a rollback goes further back, and not to and fro; and what was rolled back from once is not brought back
 * by the rollback of its successor. What is condemned is passed over.
 */
export async function releaseBefore(connection: Connection, host: string): Promise<Release | undefined> {
  const row = await first(
    connection.query<ReleaseRow>(
      `${releases} JOIN deployments ON deployments.id = releases.deployment
       WHERE releases.host = $1 AND releases.deployment <> aliases.deployment
         AND deployments.state = 'ready' AND NOT EXISTS (SELECT FROM condemnations WHERE deployment = deployments.id)
         AND releases.version < (SELECT max(version) FROM releases brought
           WHERE brought.host = $1 AND brought.deployment = aliases.deployment AND brought.kind <> 'rollback')
       ORDER BY releases.version DESC LIMIT 1`,
      [host],
    ),
  );
  return row && view(row);
}

/** The newest release of a deployment at `host`. */
export async function releaseOfDeployment(
  connection: Connection,
  host: string,
  deployment: DeploymentId,
): Promise<Release | undefined> {
  const row = await first(
    connection.query<ReleaseRow>(
      `${releases} WHERE releases.host = $1 AND releases.deployment = $2 ORDER BY releases.version DESC LIMIT 1`,
      [host, deployment],
    ),
  );
  return row && view(row);
}

function view(row: ReleaseRow): Release {
  return {
    app: row.app,
    environment: row.environment,
    version: row.version,
    deployment: row.deployment,
    host: row.host,
    kind: row.kind,
    createdAtMs: row.created_at.getTime(),
    createdBy: row.created_by,
    ...(row.reason === null ? {} : { reason: row.reason }),
    current: row.current,
  };
}
