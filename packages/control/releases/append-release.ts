import type { AppName, Canary, DeploymentId, ServingChange } from "@evenkeel/model";
import { branchHost } from "@evenkeel/model";
import type { DeployableEnvironment, Release } from "../api/contract/index.ts";
import { record } from "../audit/audit-log.ts";
import type { Connection } from "../database/connection.ts";
import { HostTakenError } from "../errors.ts";
import { declareReleasedFlags } from "../flags/declare-flags.ts";
import { releaseSchedules } from "../schedules/job-store.ts";
import { endStaged, staging } from "../staged/staged-release-store.ts";
import { resumeAutoDeploy } from "./auto-deploy.ts";

/** Earlier deployments whose hashed assets stay reachable at an alias; of those that serve the same build the newest. */
export const keptPrevious = 5;

export interface ReleaseWish {
  app: AppName;
  environment: DeployableEnvironment;
  deployment: DeploymentId;
  /** The alias of the environment (and branch). */
  host: string;
  /** Of the deployment; moves its branch alias too. */
  branch: string | null;
  kind: Release["kind"];
  reason: string | null;
  who: string;
  domain: string;
  /** Migrations that it does not know, and that somebody said to ignore. */
  ignoredMigrations?: string[];
  /** A canary of the environment goes on beside it: it only brings other variables. */
  besideCanary?: boolean;
  /** A person's release of another build: what is pushed is released again. */
  resumesAutoDeploy?: boolean;
}

export interface AppendedRelease {
  release: Release;
  changes: ServingChange[];
  /** All aliases that moved. */
  hosts: string[];
}

/**
 * Appends a release and moves its aliases: the environment's own, for production its custom domains, and on a deploy the alias of
 * the branch. Production's schedules become those of the deployment. The caller holds the environment's row and appends `changes` to the
 * serving log in the same transaction.
 */
export async function appendRelease(connection: Connection, wish: ReleaseWish): Promise<AppendedRelease> {
  const { app, environment, deployment, host, branch, kind, reason, who } = wish;
  const [numbered] = await connection.query<{ version: number; created_at: Date }>(
    `WITH numbered AS (
       UPDATE environments SET last_release = last_release + 1 WHERE app = $1 AND name = $2 RETURNING last_release)
     INSERT INTO releases (app, environment, version, host, deployment, kind, reason, created_by)
     SELECT $1, $2, last_release, $3, $4, $5, $6, $7 FROM numbered RETURNING version, created_at`,
    [app, environment, host, deployment, kind, reason, who],
  );
  const { version, created_at } = numbered!;
  const flags = await declareReleasedFlags(connection, { app, environment }, deployment, who);
  const hosts = [host];
  const ofBranch = kind === "deploy" && branch !== null ? branchHost(app, branch, wish.domain) : undefined;
  if (ofBranch !== undefined && ofBranch !== host) hosts.push(ofBranch);
  await claimHosts(connection, wish, hosts);
  const moved = await connection.query<{ host: string; previous: DeploymentId[]; canary: Canary | null }>(
    `UPDATE aliases SET deployment = $2, release = $3,
       canary = CASE WHEN $6 THEN canary END, canary_share = CASE WHEN $6 THEN canary_share END,
       previous = ARRAY(
         SELECT id FROM (
           SELECT id, place, row_number() OVER (PARTITION BY output ORDER BY place) AS nth
           FROM unnest(ARRAY[aliases.deployment, aliases.canary] || aliases.previous) WITH ORDINALITY AS before (id, place)
           JOIN deployments USING (id) WHERE id <> $2) ranked
         WHERE nth = 1 ORDER BY place LIMIT ${keptPrevious})
     WHERE app = $5 AND (host = ANY ($1) OR ($4 AND kind = 'domain'))
     RETURNING host, previous,
       CASE WHEN canary IS NOT NULL THEN jsonb_build_object('deployment', canary, 'share', canary_share) END AS canary`,
    [hosts, deployment, version, environment === "production", app, wish.besideCanary ?? false],
  );
  if (!wish.besideCanary) await endStagedAt(connection, wish, version);
  if (wish.resumesAutoDeploy) await resumeAutoDeploy(connection, { app, environment }, who);
  // The environment's own name first, in whatever order the rows came.
  moved.sort((a, b) => Number(b.host === host) - Number(a.host === host) || (a.host < b.host ? -1 : 1));
  const foreign = hosts.find((wanted) => !moved.some((alias) => alias.host === wanted));
  if (foreign !== undefined) throw new HostTakenError(foreign);
  const ignored = wish.ignoredMigrations?.length ? { ignoredMigrations: wish.ignoredMigrations } : {};
  if (environment === "production") await releaseSchedules(connection, app, deployment, Date.now());
  await record(connection, {
    ...{ who, action: `release.${kind}`, app, object: deployment },
    detail: { environment, version, ...(reason === null ? {} : { reason }), ...ignored },
  });
  return {
    release: {
      ...{ app, environment, version, deployment, host, kind, createdBy: who, current: true },
      createdAtMs: created_at.getTime(),
      ...(reason === null ? {} : { reason }),
    },
    changes: [
      ...moved.map(
        ({ host, previous, canary }): ServingChange => ({
          put: "alias",
          alias: { host, deployment, release: version, previous, ...(canary && { canary }) },
        }),
      ),
      ...flags,
    ],
    hosts: moved.map((alias) => alias.host),
  };
}

/** Whatever is released ends a canary of the same alias: it has come to its end, or something else took its place. */
async function endStagedAt(
  connection: Connection,
  { host, deployment, who }: ReleaseWish,
  version: number,
): Promise<void> {
  const [staged] = await connection.query<{ id: number; deployment: DeploymentId }>(
    `SELECT id, deployment FROM staged_releases WHERE host = $1 AND state IN ${staging} FOR UPDATE`,
    [host],
  );
  if (!staged) return;
  const isItself = staged.deployment === deployment;
  await endStaged(connection, staged.id, {
    ...{ state: isItself ? "done" : "aborted", who },
    reason: isItself ? undefined : `v${version} was released in its place`,
  });
}

/** The environment's alias and the branch's come to be with their first release. A host of another app stays as it is. */
async function claimHosts(connection: Connection, wish: ReleaseWish, hosts: string[]): Promise<void> {
  const kinds = hosts.map((host) =>
    host === wish.host && wish.environment !== "preview" ? wish.environment : "branch",
  );
  await connection.query(
    `INSERT INTO aliases (host, app, kind, branch, created_by)
     SELECT host, $3, kind, CASE kind WHEN 'branch' THEN $4 END, $5 FROM unnest($1::text[], $2::text[]) AS wanted (host, kind)
     ON CONFLICT (host) DO NOTHING`,
    [hosts, kinds, wish.app, wish.branch, wish.who],
  );
}
