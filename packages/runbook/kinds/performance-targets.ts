import { z } from "zod";
import { clauseKind } from "../language/clause.ts";
import { byWatcher, conditionAt, durationAt, readAction, sayAny, watchFor } from "./watched.ts";
import { line, quantity } from "./words.ts";

const target = z.strictObject({
  target: quantity,
  window: line.optional(),
  action: line.optional(),
  minimum_samples: z.number().int().min(1).max(1_000_000).optional(),
});

export const performanceTargets = clauseKind({
  name: "performance targets",
  key: "performanceTargets",
  about: "What is wanted of a release while it serves: `response_time_p95: '< 2s'`.",
  schema: z.record(z.string().min(1).max(100), z.union([quantity, target])),
  exercised: "each second, against the signals of what is released",
  read: (section, context) => ({
    clauses: Object.entries(section).flatMap(([name, given]) => {
      const entry = typeof given === "object" ? given : { target: given };
      const windowMs = durationAt(context, [name, "window"], entry.window) ?? 5 * 60_000;
      const at = typeof given === "object" ? [name, "target"] : [name];
      const condition = conditionAt(context, at, entry.target, { measure: name, isTarget: true, windowMs });
      const act =
        entry.action === undefined
          ? { action: "record" as const }
          : context.read([name, "action"], () => readAction(entry.action!));
      if (!condition || !act) return [];
      const watch = watchFor([condition], {
        ...act,
        severity: "warning",
        minimumSamples: entry.minimum_samples,
      });
      return [{ path: [name], says: sayAny([condition], "missed"), enforced: byWatcher(act.action), watch }];
    }),
  }),
});
