import {
  type AppName,
  type DeploymentId,
  deploymentHost,
  newDeploymentId,
  type RolloutStep,
} from "@evenkeel/model";
import { type DeployableEnvironment, type GitInfo, type StepName, stepNames } from "../api/contract/index.ts";
import { getApp } from "../apps/app-store.ts";
import type { Place } from "../apps/hosts.ts";
import { lockEnvironment } from "../apps/lock-environment.ts";
import { record } from "../audit/audit-log.ts";
import type { Connection } from "../database/connection.ts";
import type { Database } from "../database/database.ts";
import { isDuplicate } from "../database/database-faults.ts";
import { attachFlags } from "../flags/attach-flags.ts";
import { copyMigrations } from "../migrations/migration-store.ts";
import { attachTelemetry } from "../telemetry/attach-telemetry.ts";
import { checkVariables } from "../variables/variable-rules.ts";
import { openVariables } from "../variables/variable-store.ts";
import type { Vault } from "../vault/vault.ts";
import { configure, type Declared } from "./configure.ts";
import { type DeploymentSource, underWay } from "./deployment-row.ts";
import { type DeploymentVariable, writeDeploymentVariables } from "./deployment-variables.ts";
import { systemEnvironment } from "./system-environment.ts";

export interface DeploymentWish {
  app: AppName;
  environment: DeployableEnvironment;
  kind: "source" | "prebuilt";
  source: DeploymentSource;
  branch?: string | undefined;
  git?: GitInfo | undefined;
  /** On top of the environment's. */
  variables?: Record<string, string> | undefined;
  reason?: string | undefined;
  /** Released although its source is older than the database; has a reason. */
  ignoreSchema?: boolean | undefined;
  /** Steps of its release; absent: as its environment says. */
  rollout?: RolloutStep[] | undefined;
  /** Of a push: it is released only while that is not paused. */
  automatic?: boolean | undefined;
  who: string;
  /** `Caller.voice`; absent where no person or token asked. */
  voice?: string | undefined;
}

export interface Accepted {
  id: DeploymentId;
  /** Older ones that this one ended. */
  superseded: DeploymentId[];
}

/**
 * Writes a deployment with its steps and a copy of the variables as they are now, and ends older ones of the same environment
 * (for previews: of the same branch) that have not yet gone live. All under the lock of the environment, so the order of
 * acceptance is the order of releases. Previews without a branch are independent of each other: each is its own purpose.
 *
 * @throws AppUnknownError, VariableRefusedError, DatabaseUnavailableError
 */
export async function acceptDeployment(
  parts: { database: Database; vault: Vault; place: Place },
  wish: DeploymentWish,
): Promise<Accepted> {
  const variables = checkVariables(wish.variables ?? {}, true);
  for (;;) {
    const id = newDeploymentId();
    try {
      return await parts.database.transaction((connection) => accept(connection, parts, wish, id, variables));
    } catch (error) {
      // 32^9 ids: another deployment's, or an app's that is named like this deployment's host.
      if (!isDuplicate(error, "deployments_pkey") && !isDuplicate(error, "aliases_pkey")) throw error;
    }
  }
}

async function accept(
  connection: Connection,
  { vault, place }: { vault: Vault; place: Place },
  wish: DeploymentWish,
  id: DeploymentId,
  variables: Record<string, string>,
): Promise<Accepted> {
  const { app, environment } = wish;
  await lockEnvironment(connection, app, environment);
  const sequence = await insertDeployment(connection, place, wish, id);
  const current = await openVariables(connection, vault, app, environment);
  const given = Object.entries(variables).map(
    ([name, value]): DeploymentVariable => ({ name, value, origin: "given", plain: false, version: null }),
  );
  const { variables: all } = configure(current, given, {});
  await writeDeploymentVariables(connection, vault, { id, app, environment }, all);
  await attachFlags(connection, { vault, place }, { app, environment, id });
  await attachTelemetry(connection, { vault, place }, { app, environment, id });
  const branch = wish.branch ?? null;
  const superseded =
    environment === "preview" && branch === null
      ? []
      : await supersede(connection, app, environment, branch, sequence);
  await recordAccepted(connection, wish, id, superseded);
  return { id, superseded };
}

/** What a deployment that serves another's build takes from it. */
export interface Derivation {
  from: DeploymentId;
  output: string | null;
  hasFunctions: boolean | null;
  declared: Declared;
  /** By which the client code of that build knows its deployment. */
  nextDeploymentId: string | undefined;
}

/** The row with its host and steps; a derived one begins where its build would have ended. @returns its place in the order of acceptance */
export async function insertDeployment(
  connection: Connection,
  place: Place,
  wish: DeploymentWish,
  id: DeploymentId,
  derivation?: Derivation,
): Promise<number> {
  const { app, environment, kind, who } = wish;
  const { id: appId } = await getApp(connection, app);
  const host = deploymentHost(app, id, place.domain);
  const domains = await connection.query<{ host: string }>(
    "SELECT host FROM aliases WHERE app = $1 AND kind = 'domain'",
    [app],
  );
  const system = systemEnvironment({
    ...{ id, app, appId, environment, host, kind, place },
    domains: domains.map((domain) => domain.host),
    ...(wish.branch === undefined ? {} : { branch: wish.branch }),
    ...(wish.git === undefined ? {} : { git: wish.git }),
  });
  if (derivation?.nextDeploymentId) system["NEXT_DEPLOYMENT_ID"] = derivation.nextDeploymentId;
  const sourceHash = "upload" in wish.source ? wish.source.upload : wish.source.commit;
  const [inserted] = await connection.query<{ sequence: number }>(
    `WITH host AS (INSERT INTO aliases (host, app, kind, created_by) VALUES ($8, $2, 'deployment', $11))
     INSERT INTO deployments (id, app, environment, branch, kind, source, source_hash, host, git, reason, created_by,
       system_environment, derived_from, output, has_functions, declared, ignore_schema, rollout, automatic, voice)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) RETURNING sequence`,
    [
      ...[id, app, environment, wish.branch ?? null, kind, JSON.stringify(wish.source), sourceHash, host],
      ...[wish.git ? JSON.stringify(wish.git) : null, wish.reason ?? null, who, JSON.stringify(system)],
      ...[derivation?.from ?? null, derivation?.output ?? null, derivation?.hasFunctions ?? null],
      JSON.stringify(derivation?.declared ?? {}),
      wish.ignoreSchema ?? false,
      ...[wish.rollout ? JSON.stringify(wish.rollout) : null, wish.automatic ?? false, wish.voice ?? null],
    ],
  );
  await connection.query(
    `INSERT INTO deployment_steps (deployment, position, name, state)
     SELECT $1, position, name, CASE WHEN name = ANY ($3) THEN 'skipped' ELSE 'waiting' END
     FROM unnest($2::text[]) WITH ORDINALITY AS step (name, position)`,
    [id, [...stepNames], derivation ? stepsOfBuild : []],
  );
  if (derivation) await copyMigrations(connection, derivation.from, id);
  return inserted!.sequence;
}

const stepsOfBuild: StepName[] = ["source", "build", "gates", "import"];

export async function recordAccepted(
  connection: Connection,
  { app, environment, kind, branch, who, ignoreSchema, reason }: DeploymentWish,
  id: DeploymentId,
  superseded: DeploymentId[],
): Promise<void> {
  await record(connection, {
    ...{ who, action: "deployment.create", app, object: id },
    detail: {
      environment,
      kind,
      ...(branch === undefined ? {} : { branch }),
      ...(superseded.length ? { superseded } : {}),
      ...(ignoreSchema ? { ignoreSchema, reason } : {}),
    },
  });
}

/**
 * What has been switched to counts as live: it only waits for its confirmation. What brings new variables to the live build goes on: it
 * takes a moment, and its switch sees by itself whether that build is still live.
 */
async function supersede(
  connection: Connection,
  app: AppName,
  environment: DeployableEnvironment,
  branch: string | null,
  before: number,
): Promise<DeploymentId[]> {
  const rows = await connection.query<{ id: DeploymentId }>(
    `UPDATE deployments SET state = 'superseded', ended_at = now()
     WHERE app = $1 AND environment = $2 AND ($2 <> 'preview' OR branch = $3) AND sequence < $4 AND state IN ${underWay}
       AND derived_from IS NULL AND NOT EXISTS (SELECT FROM releases WHERE releases.deployment = deployments.id AND kind = 'deploy')
     RETURNING id`,
    [app, environment, branch, before],
  );
  return rows.map((row) => row.id);
}
