import { readFileSync } from "node:fs";
import {
  type HomeLayout,
  hasTwins,
  type SandboxAttachment,
  type SandboxRoutes,
  sandboxProvidersVariable,
} from "@evenkeel/model";
import type { Database } from "../database/database.ts";
import { attachVariables } from "../deployments/attach-variables.ts";
import type { DeploymentRow } from "../deployments/deployment-row.ts";
import type { BuildLog } from "../logs/build-log.ts";
import type { Vault } from "../vault/vault.ts";
import type { SandboxLink } from "./sandbox-link.ts";

export interface AttachSandboxParts {
  layout: Pick<HomeLayout, "sandboxRoutes">;
  database: Database;
  vault: Vault;
  sandbox: SandboxLink;
}

/**
 * Leads a deployment to the twins of outside providers: always in previews and development, elsewhere where somebody has enabled it. A
 * provider for which a person has set a variable is left alone: half of theirs and half of ours would be neither. May be repeated.
 *
 * @throws SandboxUnreachableError
 */
export async function attachSandbox(
  { layout, database, vault, sandbox }: AttachSandboxParts,
  deployment: Pick<DeploymentRow, "id" | "app" | "environment">,
  log: BuildLog,
): Promise<void> {
  const { app, environment, id } = deployment;
  // Known without asking: a sandbox that is away must not keep those from being deployed that do not use it.
  const routes = readRoutes(layout);
  if (!routes || !hasTwins(routes, app, environment)) return;
  const attachment = await sandbox.attach({ app, environment });
  const rows = await database.query<{ name: string }>(
    "SELECT name FROM deployment_variables WHERE deployment = $1 AND NOT attached",
    [id],
  );
  const given = new Set(rows.map(({ name }) => name));
  const twins = planTwins(attachment, given);
  if (twins.length === 0) return;
  const names = twins.map(([name]) => name);
  await attachVariables(database, vault, deployment, {
    ...Object.assign({}, ...twins.map(([, variables]) => variables)),
    [sandboxProvidersVariable]: names.join(","),
  });
  const loud =
    environment === "production"
      ? "WARNING: production talks to the sandbox, nothing reaches the real providers. "
      : "";
  log.note(`${loud}Sandbox: twins stand in for ${names.join(", ")}`);
}

/** Providers of which no variable is a person's, each with its variables. Pure. */
export function planTwins(
  { variables }: Pick<SandboxAttachment, "variables">,
  given: ReadonlySet<string>,
): [string, Record<string, string>][] {
  return Object.entries(variables).filter(([, own]) => !Object.keys(own).some((name) => given.has(name)));
}

/** Undefined where the sandbox has never run. */
function readRoutes({ sandboxRoutes }: Pick<HomeLayout, "sandboxRoutes">): SandboxRoutes | undefined {
  try {
    return JSON.parse(readFileSync(sandboxRoutes, "utf8")) as SandboxRoutes;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
