import type { OpenVariable } from "../variables/variable-store.ts";
import type { DeploymentVariable } from "./deployment-variables.ts";

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

/**
 * The variables of a deployment. Pure.
 *
 * A reference `@api-key` means the variable `api-key`, or, as no variable can be called that, `API_KEY`. A name that has a value from a person
 * needs none from `vercel.json`; one whose reference only what is attached can resolve has it from there.
 *
 * @param current of the environment
 * @param own given with the deployment, and attached to it; others are left out
 */
export function configure(
  current: ReadonlyMap<string, OpenVariable>,
  own: DeploymentVariable[],
  declared: Declared,
): Configuration {
  const byName = new Map<string, DeploymentVariable>();
  const add = (variable: DeploymentVariable) => {
    if (!byName.has(variable.name)) byName.set(variable.name, variable);
  };
  for (const variable of own) if (variable.origin === "given") add(variable);
  for (const [name, { value, plain, version }] of current)
    add({ name, value, plain, version, origin: "environment" });
  const ofPeople = new Map(byName);
  const declare = (name: string, text: string, from: ReadonlyMap<string, DeploymentVariable>) => {
    const found = text.startsWith("@") ? referenced(from, text.slice(1)) : { value: text, plain: true };
    if (found) add({ name, value: found.value, plain: found.plain, origin: "declared", version: null });
  };
  for (const [name, text] of Object.entries(declared)) declare(name, text, ofPeople);
  for (const variable of own) if (variable.origin === "attached") add(variable);
  const all = new Map(byName);
  for (const [name, text] of Object.entries(declared)) declare(name, text, all);
  return {
    variables: [...byName.values()].sort((one, other) => (one.name < other.name ? -1 : 1)),
    missing: Object.entries(declared)
      .filter(([name]) => !byName.has(name))
      .map(([name, text]) => ({ name, reference: text.slice(1) })),
  };
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
