import { z } from "zod";
import { type ClauseDraft, clauseKind, type KindContext, type ScaleWish } from "../language/clause.ts";
import { readAmount } from "../quantities/amount.ts";
import { spaced } from "../quantities/duration.ts";
import { byWatcher, conditionAt, durationAt, readAction, sayAny, watchFor } from "./watched.ts";
import { line, quantity } from "./words.ts";

const levels = z.strictObject({ warning: quantity, critical: quantity, window: line.optional() });
const rule = z.strictObject({
  trigger: line,
  window: line.optional(),
  action: line,
  /** `1GB max`, `20 instances`. */
  limit: line.optional(),
  /** Between two steps, and before the way back; 5 minutes. */
  cooldown: line.optional(),
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
  const cooldownMs = durationAt(context, [name, "cooldown"], entry.cooldown);
  const resource = readResource(entry.action);
  const fallback =
    entry.fallback === undefined ? [] : [undone([name, "fallback"], `else ${spaced(entry.fallback)}`)];
  if (resource) {
    const most = readLimit(name, resource, entry.limit, context);
    const scale: ScaleWish = { resource, ...(most === undefined ? {} : { most }) };
    const bound = most === undefined ? "" : `, ${spaced(entry.limit!)}`;
    return [
      {
        path: [name, "trigger"],
        says: sayAny([condition], `${spaced(entry.action)}${bound}`),
        enforced: byWatcher("scale"),
        watch: watchFor([condition], {
          ...{ action: "scale", severity: "warning", scale },
          cooldownMs: cooldownMs ?? usualCooldownMs,
        }),
      },
      ...fallback,
    ];
  }
  const known = attempt(() => readAction(entry.action));
  const action = known?.action ?? "record";
  const bound = entry.limit === undefined ? "" : `, ${spaced(entry.limit)}`;
  return [
    {
      path: [name, "trigger"],
      says: sayAny([condition], known ? spaced(entry.action) : "recorded"),
      enforced: byWatcher(action),
      watch: watchFor([condition], {
        ...{ action, severity: "warning", cooldownMs },
        ...(known?.flag && { flag: known.flag }),
      }),
    },
    ...(known ? [] : [undone([name, "action"], `${spaced(entry.action)}${bound}`)]),
    ...fallback,
  ];
}

/** A step has to show before the next one. */
const usualCooldownMs = 5 * 60_000;

/** `increase_function_memory`, `more instances`, `scale out`; undefined for what the platform has no more of. */
function readResource(action: string): ScaleWish["resource"] | undefined {
  const words = spaced(action).toLowerCase();
  if (/^(?:increase|raise|add|more|double)\b.*\bmemory$/.test(words)) return "memory";
  const out =
    /^(?:scale (?:out|up)|(?:increase|raise|add|more|double)\b.*\b(?:instances|processes|dynos|workers))$/;
  return out.test(words) ? "instances" : undefined;
}

function readLimit(
  name: string,
  resource: ScaleWish["resource"],
  limit: string | undefined,
  context: KindContext,
): number | undefined {
  if (limit === undefined) return undefined;
  const amount = spaced(limit).replace(
    /^(?:at most|max|up to)\s+|\s*(?:max|at most|instances|processes|dynos)\b/gi,
    "",
  );
  return context.read([name, "limit"], () =>
    resource === "memory" ? readAmount(amount, "bytes") / 1024 ** 2 : Math.floor(readAmount(amount, "count")),
  );
}

const undone = (path: string[], says: string): ClauseDraft => ({
  path,
  says,
  enforced: { by: "nothing", how: "the breach is recorded, but the platform has no more of it to give" },
});

function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
