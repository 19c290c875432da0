import type { FileHash, OutputId } from "@evenkeel/model";
import type { Connection } from "../database/connection.ts";
import { type DeploymentRow, deploymentColumns, underWay } from "../deployments/deployment-row.ts";

export interface RetentionPolicy {
  /** Of each alias: these many of its last releases can be rolled back to. Default 10. */
  releases: number;
  /** What was never released, or is long replaced, stays reachable at its own URL this long. Default 30 days. */
  ageDays: number;
}

export const usualRetention: RetentionPolicy = { releases: 10, ageDays: 30 };

/** Ready deployments that no alias, no skew protection and no kept release needs, and that are old enough. */
export const expiredDeployments = (
  connection: Connection,
  policy: RetentionPolicy,
): Promise<DeploymentRow[]> =>
  connection.query<DeploymentRow>(
    `WITH kept AS (
       SELECT deployment FROM (
         SELECT deployment, row_number() OVER (PARTITION BY host ORDER BY version DESC) AS place FROM releases) ranked
       WHERE place <= $1
       UNION SELECT deployment FROM aliases WHERE kind <> 'deployment' AND deployment IS NOT NULL
       UNION SELECT canary FROM aliases WHERE canary IS NOT NULL
       UNION SELECT unnest(previous) FROM aliases)
     SELECT ${deploymentColumns} FROM deployments
     WHERE state = 'ready' AND created_at < now() - make_interval(days => $2)
       AND id NOT IN (SELECT deployment FROM kept) ORDER BY sequence`,
    [policy.releases, policy.ageDays],
  );

/** Outputs that a deployment may still serve, or is about to. */
export async function neededOutputs(connection: Connection): Promise<Set<OutputId>> {
  const rows = await connection.query<{ output: OutputId }>(
    `SELECT DISTINCT output FROM deployments WHERE output IS NOT NULL AND (state = 'ready' OR state IN ${underWay})`,
  );
  return new Set(rows.map((row) => row.output));
}

/** Archives from which a deployment may be made or made again; those that came in the last day are about to be. */
export async function neededUploads(connection: Connection): Promise<Set<FileHash>> {
  await connection.query(
    `DELETE FROM uploads WHERE received_at < now() - interval '1 day' AND NOT EXISTS (
       SELECT FROM deployments WHERE deployments.app = uploads.app AND source ->> 'upload' = sha256
         AND (state = 'ready' OR state IN ${underWay}))`,
  );
  const rows = await connection.query<{ sha256: FileHash }>("SELECT DISTINCT sha256 FROM uploads");
  return new Set(rows.map((row) => row.sha256));
}
