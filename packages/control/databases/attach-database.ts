import { join } from "node:path";
import { type AppEnvironment, branchLabel } from "@evenkeel/model";
import { getApp } from "../apps/app-store.ts";
import type { Database } from "../database/database.ts";
import { attachVariables } from "../deployments/attach-variables.ts";
import type { DeploymentRow } from "../deployments/deployment-row.ts";
import type { BuildLog } from "../logs/build-log.ts";
import type { Vault } from "../vault/vault.ts";
import { hasBranch } from "./branch-store.ts";
import type { Branches } from "./branches.ts";
import { hasDatabase, parentOfBranches, wantDatabase } from "./database-store.ts";
import type { DatabasesLink } from "./databases-link.ts";
import { needsDatabase } from "./needs-database.ts";

/** Any of these from a person means a database elsewhere, and then nothing is added: half of ours and half of theirs would be neither. */
const external = [
  "DATABASE_URL",
  "DIRECT_URL",
  "POSTGRES_URL",
  "POSTGRES_PRISMA_URL",
  "POSTGRES_HOST",
  "PGHOST",
  "PGSERVICE",
];

export interface AttachParts {
  database: Database;
  vault: Vault;
  databases: DatabasesLink;
  branches: Branches;
}

type Attached = Pick<DeploymentRow, "id" | "app" | "environment" | "branch" | "createdBy">;

/**
 * Gives a deployment the address of its database: its environment's, or a preview's own branch of it. It is made first where it is
 * missing and the source needs one. The variables become the deployment's own, so that build, instances and rollbacks see the same.
 * May be repeated.
 *
 * @throws ReportedError, BranchTakenError, DatabasesUnreachableError
 */
export async function attachDatabase(
  parts: AttachParts,
  deployment: Attached,
  sourceFolder: string,
  log: BuildLog,
): Promise<void> {
  const { database, vault } = parts;
  const { app, environment } = deployment;
  const { settings } = await getApp(database, app);
  const isPreview = environment === "preview";
  const wanted = isPreview
    ? (await parentOfBranches(database, app)) !== undefined ||
      (await hasBranch(database, { app, branch: branchOf(deployment) }))
    : await hasDatabase(database, { app, environment });
  const need = wanted ? undefined : needsDatabase(join(sourceFolder, settings.rootDirectory ?? ""));
  if (!wanted && need === undefined) return;
  const given = await database.query<{ name: string }>(
    "SELECT name FROM deployment_variables WHERE deployment = $1 AND name = ANY ($2) AND NOT attached",
    [deployment.id, external],
  );
  if (given.length > 0) {
    log.note(`Uses the database that ${given.map((variable) => variable.name).join(", ")} names`);
    return;
  }
  if (need !== undefined) log.note(`Making a database for ${environment}: ${need}`);
  const variables = await (isPreview ? ofBranch : ofEnvironment)(parts, deployment, log);
  await attachVariables(database, vault, deployment, variables);
}

async function ofEnvironment(
  { database, databases }: AttachParts,
  { app, environment, createdBy }: Attached,
  log: BuildLog,
): Promise<Record<string, string>> {
  const name: AppEnvironment = { app, environment };
  const { id: appId } = await getApp(database, app);
  await wantDatabase(database, name, createdBy);
  await databases.ask({ type: "ensure", appId, ...name });
  const { variables = {} } = await databases.ask({ type: "credentials", ...name });
  log.note(`Database: DATABASE_URL, PGHOST and the like name the one of ${app}/${environment}`);
  return variables;
}

const branchOf = ({ id, app, branch }: Pick<Attached, "id" | "app" | "branch">): string =>
  branch === null ? id : branchLabel(app, branch);

/** Deployments of one git branch share it; one without a git branch has its own. */
async function ofBranch(
  { database, databases, branches }: AttachParts,
  { id, app, branch: gitBranch, createdBy }: Attached,
  log: BuildLog,
): Promise<Record<string, string>> {
  const branch = branchOf({ id, app, branch: gitBranch });
  const environment = await parentOfBranches(database, app);
  let step = "";
  const { report, created } = await branches.ensure(
    {
      ...{ app, branch, purpose: "preview", who: createdBy },
      ...(gitBranch === null ? { deployment: id } : {}),
      ...(environment === undefined ? {} : { parent: { environment } }),
    },
    (progress) => {
      if (progress.step !== step) log.note(progress.step);
      step = progress.step;
    },
  );
  const { variables = {} } = await databases.ask({ type: "branchCredentials", app, branch });
  const content = report.parent
    ? `${report.scrubbed ? "a scrubbed copy" : "a copy"} of ${report.parent.environment}`
    : "which began empty";
  log.note(
    `Database: DATABASE_URL, PGHOST and the like name the ${created ? "new " : ""}branch ${branch}, ${content}`,
  );
  return variables;
}
