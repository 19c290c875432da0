import { join } from "node:path";
import { SourceTree } from "@evenkeel/build/detect/source-tree";
import type { Database } from "../database/database.ts";
import { ReferenceMissingError } from "../errors.ts";
import { checkVariables } from "../variables/variable-rules.ts";
import type { Vault } from "../vault/vault.ts";
import { configure, type Declared, type MissingReference, referenced } from "./configure.ts";
import type { DeploymentRow } from "./deployment-row.ts";
import { openDeploymentVariables, writeDeploymentVariables } from "./deployment-variables.ts";

/** Of `vercel.json`: https://vercel.com/docs/project-configuration, `env` and `build.env`. */
export interface DeclaredVariables {
  env: Declared;
  /** For the build alone. */
  build: Declared;
}

/**
 * What the source's `vercel.json` says of variables. What is wrong with the file itself is told by the build.
 *
 * @throws VariableRefusedError, RootDirectoryMissingError
 */
export function readDeclared(sourceFolder: string, rootDirectory: string): DeclaredVariables {
  const tree = new SourceTree(sourceFolder);
  const text = tree.readText(join(tree.appFolder(rootDirectory), "vercel.json")) ?? "null";
  let config: { env?: unknown; build?: { env?: unknown } } | null;
  try {
    config = JSON.parse(text);
  } catch {
    config = null;
  }
  return { env: strings(config?.env), build: strings(config?.build?.env) };
}

function strings(value: unknown): Declared {
  if (typeof value !== "object" || value === null) return {};
  const given = Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return checkVariables(Object.fromEntries(given));
}

/**
 * Gives a deployment the variables that its `vercel.json` declares, as far as their references can be resolved by now. May be repeated.
 *
 * @returns the references that cannot
 */
export async function declareVariables(
  { database, vault }: { database: Database; vault: Vault },
  deployment: Pick<DeploymentRow, "id" | "app" | "environment">,
  declared: Declared,
): Promise<MissingReference[]> {
  if (Object.keys(declared).length === 0) return [];
  const { id } = deployment;
  const own = await openDeploymentVariables(database, vault, deployment);
  const current = new Map(
    own
      .filter(({ origin }) => origin === "environment")
      .map((variable) => [variable.name, { ...variable, version: variable.version! }]),
  );
  const { variables, missing } = configure(current, own, declared);
  const added = variables.filter(({ origin }) => origin === "declared");
  await writeDeploymentVariables(database, vault, deployment, added);
  await database.query("UPDATE deployments SET declared = $2 WHERE id = $1", [id, JSON.stringify(declared)]);
  return missing;
}

/** What the build alone sees, beside the variables. @throws ReferenceMissingError */
export function buildVariables(
  deployment: Pick<DeploymentRow, "app" | "environment">,
  build: Declared,
  variables: Record<string, string>,
): Record<string, string> {
  const all = new Map(Object.entries(variables));
  const missing: MissingReference[] = [];
  const resolved: Record<string, string> = {};
  for (const [name, text] of Object.entries(build)) {
    const value = text.startsWith("@") ? referenced(all, text.slice(1)) : text;
    if (value !== undefined) resolved[name] = value;
    else if (!all.has(name)) missing.push({ name, reference: text.slice(1) });
  }
  if (missing.length > 0) throw new ReferenceMissingError(deployment.app, deployment.environment, missing);
  return resolved;
}
