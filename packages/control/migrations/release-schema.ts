import type { DeploymentId } from "@evenkeel/model";
import { SchemaIncompatibleError } from "@evenkeel/postgres/errors";
import type { AppliedMigration } from "@evenkeel/postgres/migrations/ledger";
import { migrator } from "@evenkeel/postgres/migrations/migrator";
import {
  incompatibleMigrations,
  missingMigrations,
  requireCompatibleSchema,
  type WaysOut,
} from "@evenkeel/postgres/migrations/rollback-compatibility";
import { type Place, releaseHost } from "../apps/hosts.ts";
import type { Connection } from "../database/connection.ts";
import type { Database } from "../database/database.ts";
import type { DeploymentRow } from "../deployments/deployment-row.ts";
import type { Vault } from "../vault/vault.ts";
import { broughtNames, knownTo, ledgerKept } from "./migration-store.ts";
import { type MigrationTarget, migrationTarget } from "./migration-target.ts";

/** A release must not wait for a database that is away. */
const readLimitMs = 5_000;
const overrideOptions = '--ignore-schema -m "REASON"';

/**
 * Sees that a deployment which is to be released knows the schema of its database as it is now.
 *
 * @returns names of what it does not know, which the caller was told to ignore
 * @throws SchemaIncompatibleError with the ways out
 */
export async function requireKnownSchema(
  { database, vault }: { database: Database; vault: Vault },
  deployment: DeploymentRow,
  host: string,
  ignore: boolean,
): Promise<string[]> {
  const kept = await ledgerKept(database, deployment);
  // Nothing was ever migrated.
  if (!kept) return [];
  const target = await migrationTarget(database, vault, deployment);
  if (!target) return [];
  // Each preview has a database of its own, and `kept` may be another's.
  const ledger = await readLedger(target, deployment.environment === "preview" ? undefined : kept);
  if (!ledger) return [];
  const schema = {
    release: `Deployment ${deployment.id}`,
    migrations: (await knownTo(database, deployment.id)) ?? [],
  };
  const unknown = incompatibleMigrations(schema, ledger).map(({ name }) => name);
  const missing = missingMigrations(schema, ledger);
  if (unknown.length === 0 && missing.length === 0) return [];
  if (ignore) return [...unknown, ...missing];
  requireCompatibleSchema(schema, ledger, await waysOut(database, deployment, target, host, ledger));
  return [];
}

/** As it is now, or as it was last seen where the database does not answer: an outage is no reason to refuse a rollback. */
async function readLedger(
  { address }: MigrationTarget,
  kept: AppliedMigration[] | undefined,
): Promise<AppliedMigration[] | undefined> {
  try {
    const signal = AbortSignal.timeout(readLimitMs);
    return (await migrator({ type: "ledger", address }, { signal })).ledger;
  } catch (error) {
    console.error(
      `control: reading the ledger of migrations: ${error instanceof Error ? error.message : error}`,
    );
    return kept;
  }
}

async function waysOut(
  connection: Connection,
  { app, environment, id }: DeploymentRow,
  target: MigrationTarget,
  host: string,
  ledger: AppliedMigration[],
): Promise<WaysOut> {
  const env = environment === "production" ? "" : ` --env ${environment}`;
  const version = await newestCompatible(connection, host, id, ledger);
  return {
    ...(target.kind === "own" && {
      restore: ({ lsnBefore }: AppliedMigration) => `evenkeel db restore ${app}${env} --to ${lsnBefore}`,
    }),
    ...(version !== undefined && { compatible: `evenkeel rollback ${app} --to v${version}` }),
    migrate: `evenkeel db migrate ${app}${env}`,
    override: `the same command with ${overrideOptions}`,
  };
}

/** The newest release, other than of this deployment and of what answers now, whose code knows the schema. */
async function newestCompatible(
  connection: Connection,
  host: string,
  except: DeploymentId,
  ledger: AppliedMigration[],
): Promise<number | undefined> {
  const rows = await connection.query<{ version: number; known: string[] | null }>(
    `SELECT releases.version, known FROM releases JOIN deployments ON deployments.id = releases.deployment
       JOIN aliases ON aliases.host = releases.host LEFT JOIN deployment_migrations ON deployment_migrations.deployment = deployments.id
     WHERE releases.host = $1 AND deployments.state = 'ready' AND deployments.id <> $2 AND deployments.id IS DISTINCT FROM aliases.deployment
       AND NOT EXISTS (SELECT FROM condemnations WHERE condemnations.deployment = deployments.id)
     ORDER BY releases.version DESC LIMIT 50`,
    [host, except],
  );
  return rows.find(({ version, known }) => {
    const schema = { release: `v${version}`, migrations: known ?? [] };
    return (
      incompatibleMigrations(schema, ledger).length === 0 && missingMigrations(schema, ledger).length === 0
    );
  })?.version;
}

/**
 * A source that lacks a migration which what answers now has, and which took something away, is older than its database: a rollback by
 * another name.
 *
 * @throws SchemaIncompatibleError
 */
export async function refuseOlderSource(
  connection: Connection,
  place: Place,
  deployment: DeploymentRow,
  ledger: AppliedMigration[],
  note: (text: string) => void,
): Promise<void> {
  const { app, environment, branch, id } = deployment;
  const host = releaseHost(app, environment, branch ?? undefined, place.domain);
  if (environment === "preview" || host === undefined) return;
  const [live] = await connection.query<{ deployment: DeploymentId | null }>(
    "SELECT deployment FROM aliases WHERE host = $1",
    [host],
  );
  if (!live?.deployment) return;
  const brought = new Set(await broughtNames(connection, id));
  const before = new Set(await broughtNames(connection, live.deployment));
  const lacking = ledger.filter((row) => row.breaksOldCode && before.has(row.name) && !brought.has(row.name));
  if (lacking.length === 0) return;
  const names = lacking.map(({ name }) => name).join(", ");
  if (deployment.ignoreSchema) {
    note(`Goes on without migration ${names}, as was asked: ${deployment.reason ?? ""}`);
    return;
  }
  throw new SchemaIncompatibleError(
    `This source is older than the database of ${environment}: migration ${names} took something away, and its file is not here`,
    {
      hint: `Bring the file along with the code that it was made for. Or deploy it all the same, with ${overrideOptions}.`,
    },
  );
}
