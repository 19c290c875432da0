import type { FlagDefinition, FlagSet } from "@evenkeel/flags";
import type { Database } from "../database/database.ts";
import type { DeploymentRow } from "../deployments/deployment-row.ts";
import type { BuildLog } from "../logs/build-log.ts";
import { deploymentRunbook } from "./runbook-store.ts";

/**
 * Adds to what a deployment declares the flags that its runbook has values for; a flag that has a definition of its own in flagd's format gets the
 * runbook's value as its default. In force with the release. May be repeated.
 */
export async function noteRunbookFlags(
  database: Database,
  deployment: Pick<DeploymentRow, "id" | "environment">,
  log: Pick<BuildLog, "note">,
): Promise<void> {
  const { id, environment } = deployment;
  const said = (await deploymentRunbook(database, id))?.plan.flags ?? {};
  const values = Object.entries({ ...said.all, ...said[environment] });
  if (values.length === 0) return;
  const [row] = await database.query<{ flag_set: FlagSet | null }>(
    "SELECT flag_set FROM deployments WHERE id = $1",
    [id],
  );
  const set: FlagSet = row!.flag_set ?? { flags: {} };
  const flags = { ...set.flags };
  for (const [name, value] of values) flags[name] = withDefault(flags[name], value);
  await database.query("UPDATE deployments SET flag_set = $2 WHERE id = $1", [
    id,
    JSON.stringify({ ...set, flags }),
  ]);
  log.note(`The runbook sets ${values.length === 1 ? "one flag" : `${values.length} flags`}`);
}

function withDefault(known: FlagDefinition | undefined, value: boolean | string | number): FlagDefinition {
  const usual = typeof value === "boolean" ? { on: true, off: false } : { value };
  const variants = known?.variants ?? usual;
  const variant = Object.entries(variants).find(([, each]) => each === value)?.[0];
  if (known && variant === undefined)
    return { ...known, variants: { ...variants, runbook: value }, defaultVariant: "runbook" };
  return { state: "ENABLED", ...known, variants, defaultVariant: variant! };
}
