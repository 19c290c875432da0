/** Operators of JsonLogic that go through a list, and evaluate their second argument for every element. */
const iterations = new Set(["map", "filter", "reduce", "all", "none", "some"]);
const deepest = 50;

/**
 * What is wrong with a targeting rule: a variant that the flag does not have in a place where the rule's result stands, an unknown
 * `$ref`, or a shape whose evaluation could take long. Rules are evaluated on the way of requests, by processes that all apps share.
 */
export function targetingFaults(
  rule: unknown,
  evaluators: Record<string, unknown>,
  variants: ReadonlySet<string>,
): string[] {
  const faults = new Set<string>();
  const inspect = (value: unknown, depth: number, inside: boolean, refs: readonly string[]): void => {
    if (depth > deepest) {
      faults.add(`its targeting is nested deeper than ${deepest} levels`);
      return;
    }
    if (Array.isArray(value)) {
      for (const item of value) inspect(item, depth + 1, inside, refs);
      return;
    }
    if (typeof value !== "object" || value === null) return;
    for (const [operator, argument] of Object.entries(value)) {
      if (operator === "$ref") {
        const name = String(argument);
        if (!Object.hasOwn(evaluators, name))
          faults.add(`its targeting refers to "${name}", which is not in $evaluators`);
        else if (refs.includes(name)) faults.add(`its targeting refers to "${name}", which refers to itself`);
        else inspect(evaluators[name], depth + 1, inside, [...refs, name]);
        continue;
      }
      const iterates = iterations.has(operator);
      if (iterates && inside) faults.add(`its targeting has "${operator}" inside another iteration`);
      inspect(argument, depth + 1, inside || iterates, refs);
    }
  };
  inspect(rule, 0, false, []);
  if (faults.size === 0) {
    for (const name of results(rule, evaluators)) {
      if (!variants.has(name)) faults.add(`its targeting leads to "${name}", which is no variant`);
    }
  }
  return [...faults];
}

/** The texts in which a rule can end, as far as they stand in it. */
function results(rule: unknown, evaluators: Record<string, unknown>): string[] {
  if (typeof rule === "string") return [rule];
  if (typeof rule === "boolean") return [String(rule)];
  if (typeof rule !== "object" || rule === null || Array.isArray(rule)) return [];
  return Object.entries(rule).flatMap(([operator, argument]) => {
    const parts: unknown[] = Array.isArray(argument) ? argument : [argument];
    switch (operator) {
      case "$ref":
        return results(evaluators[String(argument)], evaluators);
      case "if":
      case "?:":
        // Condition, result, condition, result, …, and at last a result alone.
        return parts.flatMap((part, index) =>
          index % 2 === 1 || index === parts.length - 1 ? results(part, evaluators) : [],
        );
      case "fractional":
        // `[variant, weight]`; what else there is says by what to split.
        return parts.flatMap((part) =>
          Array.isArray(part) && part.length > 0 ? results(part[0], evaluators) : [],
        );
      default:
        return [];
    }
  });
}
