import { VariableUnknownError } from "../errors.ts";
import { refuseTooMuch } from "./variable-rules.ts";
import type { OpenVariable } from "./variable-store.ts";

export interface WishedVariables {
  set: Record<string, string>;
  /** Of `set`: no secrets, logs may show them. Absent: as they were, secret at first. */
  plain?: boolean | undefined;
  remove: string[];
}

export interface PlannedChange {
  set: Record<string, { value: string; plain: boolean }>;
  remove: string[];
  /** What the environment has then. */
  after: Map<string, OpenVariable>;
}

/**
 * What a wish changes of an environment; what is so already is left out. Pure.
 *
 * @throws VariableUnknownError naming all that are to go and are not there; VariableRefusedError where all together are too large
 */
export function planChange(
  current: ReadonlyMap<string, OpenVariable>,
  wish: WishedVariables,
  environment: string,
): PlannedChange {
  const unknown = wish.remove.filter((name) => !current.has(name));
  if (unknown.length > 0) throw new VariableUnknownError(unknown, environment);
  const remove = [...new Set(wish.remove)].filter((name) => !(name in wish.set));
  const after = new Map(current);
  const set: PlannedChange["set"] = {};
  for (const [name, value] of Object.entries(wish.set)) {
    const before = current.get(name);
    const plain = wish.plain ?? before?.plain ?? false;
    if (before?.value === value && before.plain === plain) continue;
    set[name] = { value, plain };
    after.set(name, { value, plain, version: (before?.version ?? 0) + 1 });
  }
  for (const name of remove) after.delete(name);
  refuseTooMuch(Object.fromEntries([...after].map(([name, { value }]) => [name, value])));
  return { set, remove, after };
}

export const changesNothing = ({ set, remove }: PlannedChange): boolean =>
  Object.keys(set).length === 0 && remove.length === 0;

/** `API_KEY set, OLD removed`: kept in the ledger of releases. */
export function describeChange({ set, remove }: Pick<PlannedChange, "set" | "remove">): string {
  const some = (names: string[], verb: string) =>
    names.length === 0
      ? []
      : [`${names.slice(0, 5).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""} ${verb}`];
  return [...some(Object.keys(set), "set"), ...some(remove, "removed")].join(", ");
}
