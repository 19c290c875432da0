import { z } from "zod";
import { type ClauseDraft, clauseKind, type KindContext } from "../language/clause.ts";
import { byWatcher, conditionAt, durationAt, readAction, sayAny, watchFor } from "./watched.ts";
import { key, line, quantity } from "./words.ts";

const trigger = z.strictObject({
  /** Of what the entry is named after: `5%`, `p95 > 5 seconds`. */
  threshold: quantity.optional(),
  /** A whole condition: `error_rate > 5% for 5 minutes`, `health_check_fails_3_consecutive`. */
  trigger: line.optional(),
  window: line.optional(),
  action: line,
  /** Fewer requests than these in the window say nothing; 20. */
  minimum_samples: z.number().int().min(1).max(1_000_000).optional(),
  /** After it acted; 10 minutes. */
  cooldown: line.optional(),
});
type Trigger = z.output<typeof trigger>;
const manual = z.array(line).max(100);

export const rollbackTriggers = clauseKind({
  name: "rollback triggers",
  key: "rollbackTriggers",
  about: "What rolls a release back by itself, at once or in stages, and what a person rolls it back for.",
  schema: z.record(key, z.union([trigger, manual])),
  exercised: "each second, against the signals of what is released",
  read(section, context) {
    const clauses = Object.entries(section).flatMap(([name, entry]) => {
      if (Array.isArray(entry) === (name === "manual_triggers"))
        return Array.isArray(entry) ? readManual(entry) : readTrigger(name, entry, context);
      context.refuse(
        [name],
        Array.isArray(entry) ? "is a list; only manual_triggers is" : "is a list of reasons",
      );
      return [];
    });
    refuseContradictions(clauses, context);
    return { clauses };
  },
});

const readManual = (reasons: string[]): ClauseDraft[] =>
  reasons.map((reason, index) => ({
    path: ["manual_triggers", index],
    says: `Somebody rolls back for "${reason}"`,
    enforced: { by: "platform", how: "`evenkeel rollback APP -m REASON`, in one switch, kept in the ledger" },
  }));

function readTrigger(name: string, entry: Trigger, context: KindContext): ClauseDraft[] {
  if ((entry.threshold === undefined) === (entry.trigger === undefined)) {
    context.refuse([name], "a trigger has either `threshold` or `trigger`");
    return [];
  }
  const windowMs = durationAt(context, [name, "window"], entry.window);
  const at = [name, entry.threshold === undefined ? "trigger" : "threshold"];
  const measure = entry.threshold === undefined ? {} : { measure: name };
  const condition = conditionAt(context, at, entry.threshold ?? entry.trigger!, {
    ...measure,
    ...(windowMs === undefined ? {} : { windowMs }),
  });
  const act = context.read([name, "action"], () => readAction(entry.action));
  const cooldownMs = durationAt(context, [name, "cooldown"], entry.cooldown);
  if (!condition || !act) return [];
  const watch = watchFor([condition], { ...act, minimumSamples: entry.minimum_samples, cooldownMs });
  const then = entry.action.replaceAll("_", " ");
  return [{ path: [name], says: sayAny([condition], then), enforced: byWatcher(act.action), watch }];
}

/** Two triggers of one measure: the milder action must come no later than the stronger one, or it never comes. */
function refuseContradictions(clauses: ClauseDraft[], context: KindContext): void {
  const watched = clauses.filter(({ watch }) => watch?.action.endsWith("_rollback"));
  for (const staged of watched.filter(({ watch }) => watch!.action === "staged_rollback")) {
    const one = staged.watch!.any[0]!;
    for (const immediate of watched.filter(({ watch }) => watch!.action === "immediate_rollback")) {
      const other = immediate.watch!.any[0]!;
      const same = one.measure.name === other.measure.name && one.is[0] === other.is[0];
      if (!same || other.windowMs > one.windowMs) continue;
      const earlier =
        other.is[0] === ">" ? other.threshold <= one.threshold : other.threshold >= one.threshold;
      if (!earlier) continue;
      context.refuse(
        staged.path,
        `contradicts rollbackTriggers.${immediate.path.join(".")}, which rolls back at once before this could do so in stages`,
      );
    }
  }
}
