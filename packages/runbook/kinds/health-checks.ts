import { InvalidValueError } from "@evenkeel/model";
import { z } from "zod";
import { type ClauseDraft, clauseKind } from "../language/clause.ts";
import { readCondition } from "../language/condition.ts";
import type { HealthCheckPlan } from "../language/runbook-plan.ts";
import { passing, path, readStatus, status } from "./http-expectation.ts";
import { byWatcher, durationAt, readAction, watchFor } from "./watched.ts";
import { line, listOf } from "./words.ts";

const check = z.strictObject({
  path,
  method: z.enum(["GET", "HEAD"]).optional(),
  status: status.optional(),
  contains: line.optional(),
  interval: line.optional(),
  timeout: line.optional(),
  /** In a row; 3. */
  consecutive_failures: z.number().int().min(1).max(100).optional(),
  /** What is done then; without one it is recorded. */
  action: line.optional(),
  /** Parts that the endpoint itself looks at, as its answer has them. */
  checks: z.union([line, z.array(line).max(50)]).optional(),
});
const usual = { intervalMs: 10_000, timeoutMs: 5_000, failures: 3 };

export const healthChecks = clauseKind({
  name: "health checks",
  key: "healthChecks",
  about: "Paths that are asked from outside while a deployment serves.",
  schema: z.record(z.string().min(1).max(100), check),
  exercised: "by each check",
  read(section, context) {
    const plans: HealthCheckPlan[] = [];
    const clauses: ClauseDraft[] = [];
    for (const [name, given] of Object.entries(section)) {
      const plan: HealthCheckPlan = {
        ...{ name, path: given.path, method: given.method ?? "GET" },
        status:
          given.status === undefined
            ? passing
            : (context.read([name, "status"], () => readStatus(given.status!)) ?? passing),
        intervalMs: durationAt(context, [name, "interval"], given.interval) ?? usual.intervalMs,
        timeoutMs: durationAt(context, [name, "timeout"], given.timeout) ?? usual.timeoutMs,
        failures: given.consecutive_failures ?? usual.failures,
        ...(given.contains === undefined ? {} : { contains: given.contains }),
      };
      context.read([name, "timeout"], () => refuseLong(plan));
      plans.push(plan);
      const act = context.read([name, "action"], () => readAction(given.action ?? "record"));
      const condition = context.read([name], () =>
        readCondition(`health_check_fails_${plan.failures}_consecutive`, { metrics: {} }),
      );
      if (!act || !condition) continue;
      clauses.push({
        path: [name],
        says: `${plan.method} ${plan.path} answers; ${plan.failures} failures in a row: ${(given.action ?? "recorded").replaceAll("_", " ")}`,
        enforced: byWatcher(act.action),
        watch: watchFor([condition], { ...act, detail: name }),
      });
      for (const [index, part] of listOf(given.checks ?? []).entries()) {
        clauses.push({
          path: Array.isArray(given.checks) ? [name, "checks", index] : [name, "checks"],
          says: `${given.path} is unhealthy when ${part} is`,
          enforced: { by: "watcher", how: "told by the endpoint's own answer, which is asked each time" },
        });
      }
    }
    return { clauses, plan: { healthChecks: plans } };
  },
});

function refuseLong({ intervalMs, timeoutMs }: HealthCheckPlan): void {
  if (intervalMs < 1_000) throw new InvalidValueError("an interval is at least a second");
  if (timeoutMs > intervalMs) {
    throw new InvalidValueError("its time-out is longer than its interval, so checks would overlap");
  }
}
