import { z } from "zod";
import { clauseKind } from "../language/clause.ts";
import { readAmount } from "../quantities/amount.ts";
import { readDurationMs } from "../quantities/duration.ts";
import { byWatcher, conditionAt, readAction, sayAny, watchFor } from "./watched.ts";
import { line } from "./words.ts";

const limit = z.strictObject({ limit: line, action: line.optional() });
const dayMs = 86_400_000;
const periods: Record<string, number> = {
  ...{ hour: 3_600_000, day: dayMs, week: 7 * dayMs, month: 30 * dayMs },
};

/** `$50 per month`, `180k tokens per minute`. */
const written = /^(.+?)\s*(?:\/|\bper\b|\ba\b)\s*(hour|day|week|month)$/i;

export const spendLimits = clauseKind({
  name: "spend limits",
  key: "spendLimits",
  about: "What outside providers may cost: `total: '$50 per month'`, or by the provider's name.",
  schema: z.record(z.string().min(1).max(100), z.union([line, limit])),
  exercised: "each minute, against the ledger of spend",
  read: (section, context) => ({
    clauses: Object.entries(section).flatMap(([name, given]) => {
      const entry = typeof given === "object" ? given : { limit: given };
      const parts = written.exec(entry.limit);
      const at = typeof given === "object" ? [name, "limit"] : [name];
      if (!parts) {
        context.refuse(at, `"${entry.limit}" is no limit of spend: write '$50 per month'`);
        return [];
      }
      const windowMs = periods[parts[2]!.toLowerCase()]!;
      const condition = conditionAt(context, at, parts[1]!, { measure: "spend", windowMs });
      const act =
        entry.action === undefined
          ? { action: "record" as const }
          : context.read([name, "action"], () => readAction(entry.action!));
      if (!condition || !act) return [];
      const detail = name === "total" ? {} : { detail: name };
      const watch = watchFor([condition], { ...act, ...detail, severity: "warning", minimumSamples: 1 });
      return [
        { path: [name], says: sayAny([condition], "overspent"), enforced: byWatcher(act.action), watch },
      ];
    }),
  }),
});

const rate =
  /^(.+?)\s*(tokens?|requests?|calls?)?\s*(?:\/|\bper\b)\s*(second|minute|hour|s|min|h)(?:\s+of\b.*)?$/i;

export const rateLimits = clauseKind({
  name: "rate limits",
  key: "rateLimits",
  about: "How much of a provider's or an app's rate may be used: `tokens: '80% of 180k per minute'`.",
  schema: z.record(z.string().min(1).max(100), line),
  exercised: "each second, against the signals of the environment",
  read: (section, context) => ({
    clauses: Object.entries(section).flatMap(([name, given]) => {
      const parts = rate.exec(given);
      if (!parts) {
        context.refuse([name], `"${given}" is no rate: write '80% of 180k per minute'`);
        return [];
      }
      const windowMs = readDurationMs(`1 ${parts[3]!}`);
      const most = context.read([name], () => readAmount(parts[1]!, "count"));
      if (most === undefined) return [];
      const tokens = parts[2]?.startsWith("token") || /token|tpm/i.test(name);
      const condition = conditionAt(context, [name], most, {
        measure: tokens ? "tokens" : "requests",
        windowMs: Math.max(1_000, windowMs),
      });
      if (!condition) return [];
      const watch = watchFor([condition], { action: "record", severity: "warning", minimumSamples: 1 });
      return [{ path: [name], says: sayAny([condition], "too fast"), enforced: byWatcher("record"), watch }];
    }),
  }),
});
