import type { OpenVariable } from "../variables/variable-store.ts";
import type { DeploymentVariable, VariableOrigin } from "./deployment-variables.ts";

/** `env` of a `vercel.json`: a value, or `@name` for the value of another variable. */
export type Declared = Record<string, string>;

export interface MissingReference {
  name: string;
  /** Without the `@`. */
  reference: string;
}

export interface Configuration {
  variables: DeploymentVariable[];
  /** Names that `vercel.json` gives the values of variables that are not there. */
  missing: MissingReference[];
}

const strength: VariableOrigin[] = ["declared", "attached", "environment", "given"];

/**
 * The variables of a deployment. Pure.
 *
 * A reference `@api-key` means the variable `api-key`, or, as no variable can be called that, `API_KEY`. A name that has a value from
 * elsewhere needs none from `vercel.json`.
 *
 * @param current of the environment
 * @param own given with the deployment, and attached to it; others are left out
 */
export function configure(
  current: ReadonlyMap<string, OpenVariable>,
  own: DeploymentVariable[],
  declared: Declared,
): Configuration {
  const all: DeploymentVariable[] = own.filter(({ origin }) => origin === "given" || origin === "attached");
  for (const [name, variable] of current) all.push({ name, origin: "environment", ...variable });
  all.sort((one, other) => strength.indexOf(one.origin) - strength.indexOf(other.origin));
  const byName = new Map(all.map((variable) => [variable.name, variable]));
  const missing: MissingReference[] = [];
  const added: DeploymentVariable[] = [];
  for (const [name, text] of Object.entries(declared)) {
    if (byName.has(name)) continue;
    const reference = text.startsWith("@") ? text.slice(1) : undefined;
    const found = reference === undefined ? { value: text, plain: true } : referenced(byName, reference);
    if (found)
      added.push({ name, value: found.value, plain: found.plain, origin: "declared", version: null });
    else missing.push({ name, reference: reference! });
  }
  const variables = [...byName.values(), ...added];
  return { variables: variables.sort((one, other) => (one.name < other.name ? -1 : 1)), missing };
}

export const referenced = <Variable>(
  variables: ReadonlyMap<string, Variable>,
  reference: string,
): Variable | undefined =>
  variables.get(reference) ?? variables.get(reference.toUpperCase().replaceAll("-", "_"));

/** Whether the environment's variables have moved since the deployment took them. Pure. */
export function hasMoved(current: ReadonlyMap<string, OpenVariable>, taken: DeploymentVariable[]): boolean {
  const given = new Set(taken.filter(({ origin }) => origin === "given").map(({ name }) => name));
  const had = new Map(
    taken.filter(({ origin }) => origin === "environment").map(({ name, value }) => [name, value]),
  );
  const wanted = [...current].filter(([name]) => !given.has(name));
  return wanted.length !== had.size || wanted.some(([name, { value }]) => had.get(name) !== value);
}
