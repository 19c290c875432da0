import { z } from "zod";
import { type ClauseDraft, clauseKind, type KindContext } from "../language/clause.ts";
import { spaced } from "../quantities/duration.ts";
import { byWatcher, conditionAt, durationAt, readAction, sayAny, watchFor } from "./watched.ts";
import { line, quantity } from "./words.ts";

const levels = z.strictObject({ warning: quantity, critical: quantity, window: line.optional() });
const rule = z.strictObject({
  trigger: line,
  window: line.optional(),
  action: line,
  limit: line.optional(),
  fallback: line.optional(),
});
type Levels = z.output<typeof levels>;
type Rule = z.output<typeof rule>;

export const scalingThresholds = clauseKind({
  name: "scaling thresholds",
  key: "scalingThresholds",
  about: "From when on something is about to be too small, and what is done about it.",
  schema: z.record(z.string().min(1).max(100), z.union([rule, levels])),
  exercised: "each second, against the signals of the environment",
  read: (section, context) => ({
    clauses: Object.entries(section).flatMap(([name, entry]) =>
      "trigger" in entry ? readRule(name, entry, context) : readLevels(name, entry, context),
    ),
  }),
});

function readLevels(name: string, entry: Levels, context: KindContext): ClauseDraft[] {
  const windowMs = durationAt(context, [name, "window"], entry.window);
  const how = { measure: name, ...(windowMs === undefined ? {} : { windowMs }) };
  const read = (level: "warning" | "critical") => {
    const condition = conditionAt(context, [name, level], entry[level], how);
    // Being at the cap is the warning: `critical: 8, // 100% of cap`.
    return condition && { ...condition, is: ">=" as const };
  };
  const warning = read("warning");
  const critical = read("critical");
  if (!warning || !critical) return [];
  if (warning.threshold >= critical.threshold) {
    context.refuse([name, "warning"], "the warning comes no earlier than what is critical");
    return [];
  }
  return (
    [
      ["warning", warning],
      ["critical", critical],
    ] as const
  ).map(([level, condition]) => ({
    path: [name, level],
    says: sayAny([condition], level),
    enforced: byWatcher("record"),
    watch: watchFor([condition], { action: "record", severity: level }),
  }));
}

function readRule(name: string, entry: Rule, context: KindContext): ClauseDraft[] {
  const windowMs = durationAt(context, [name, "window"], entry.window);
  const condition = conditionAt(
    context,
    [name, "trigger"],
    entry.trigger,
    windowMs === undefined ? {} : { windowMs },
  );
  if (!condition) return [];
  const known = attempt(() => readAction(entry.action));
  const action = known?.action ?? "record";
  const clauses: ClauseDraft[] = [
    {
      path: [name, "trigger"],
      says: sayAny([condition], known ? spaced(entry.action) : "recorded"),
      enforced: byWatcher(action),
      watch: watchFor([condition], { action, severity: "warning", ...(known?.flag && { flag: known.flag }) }),
    },
  ];
  const bound = entry.limit === undefined ? "" : `, ${spaced(entry.limit)}`;
  if (!known) clauses.push(undone([name, "action"], `${spaced(entry.action)}${bound}`));
  if (entry.fallback !== undefined)
    clauses.push(undone([name, "fallback"], `else ${spaced(entry.fallback)}`));
  return clauses;
}

const undone = (path: string[], says: string): ClauseDraft => ({
  path,
  says,
  enforced: { by: "nothing", how: "the breach is recorded, but nothing is made larger by itself" },
});

function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
