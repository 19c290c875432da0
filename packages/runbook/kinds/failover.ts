import { z } from "zod";
import { type ClauseDraft, clauseKind, type Enforcement } from "../language/clause.ts";
import type { FailoverPlan } from "../language/runbook-plan.ts";
import { readDurationMs, spaced } from "../quantities/duration.ts";
import { byWatcher, conditionAt, sayAny, watchFor } from "./watched.ts";
import { line } from "./words.ts";

const automatic = z.strictObject({
  triggers: z.array(line).min(1).max(50),
  actions: z.array(line).min(1).max(50),
});
const manual = z.strictObject({
  decision_makers: z.array(line).max(50),
  approval_time: line.optional(),
  execution_time: line.optional(),
  rollback_plan: line.optional(),
});

/** What carries an action out, by its words. */
const actions: [RegExp, Enforcement][] = [
  [
    /rout|traffic|fail ?over|standby|promot/,
    {
      by: "watcher",
      how: "the database's standby takes its place at the same address, where there is one (evenkeel db standby add)",
    },
  ],
  [
    /notify|page|alert|inform|call/,
    { by: "platform", how: "a failover by itself opens an incident, which tells them" },
  ],
];
const undone: Enforcement = { by: "nothing", how: "there is one machine: nothing else is scaled" };

export const failoverProcedures = clauseKind({
  name: "failover",
  key: "failoverProcedures",
  about: "When the standby takes over, and who may say so.",
  schema: z.strictObject({ automatic: automatic.optional(), manual: manual.optional() }),
  exercised: "each second, and by drills of `region_failure`",
  read(section, context) {
    const clauses: ClauseDraft[] = [];
    const failover: FailoverPlan = { checks: 0, decisionMakers: section.manual?.decision_makers ?? [] };
    for (const [index, trigger] of (section.automatic?.triggers ?? []).entries()) {
      const condition = conditionAt(context, ["automatic", "triggers", index], trigger, {});
      if (!condition) continue;
      // The keeper checks the database itself as often as the runbook has an app checked.
      if (condition.measure.reading.how === "failures") failover.checks = Math.max(1, condition.threshold);
      clauses.push({
        path: ["automatic", "triggers", index],
        says: sayAny([condition], "the standby takes over, if the database does not answer,"),
        enforced: byWatcher("failover"),
        watch: watchFor([condition], { action: "failover" }),
      });
    }
    for (const [index, action] of (section.automatic?.actions ?? []).entries()) {
      clauses.push({
        path: ["automatic", "actions", index],
        says: spaced(action),
        enforced: actions.find(([words]) => words.test(spaced(action)))?.[1] ?? undone,
      });
    }
    const { decision_makers, approval_time, execution_time, rollback_plan } = section.manual ?? {};
    if (decision_makers) {
      clauses.push({
        path: ["manual", "decision_makers"],
        says: `Decided by ${decision_makers.map(spaced).join(" or ")}`,
        enforced: {
          by: "platform",
          how: "`evenkeel db failover` is refused to whoever does not decide as one of them",
        },
      });
    }
    if (approval_time !== undefined) {
      context.read(["manual", "approval_time"], () => readDurationMs(approval_time));
      clauses.push({
        path: ["manual", "approval_time"],
        says: `approval time ${approval_time}`,
        enforced: { by: "person", how: "somebody keeps the time" },
      });
    }
    if (execution_time !== undefined) {
      const ms = context.read(["manual", "execution_time"], () => readDurationMs(execution_time));
      if (ms !== undefined) failover.executionMs = ms;
      clauses.push({
        path: ["manual", "execution_time"],
        says: `execution time ${execution_time}`,
        enforced: { by: "platform", how: "measured by each drill of region_failure, which fails beyond it" },
      });
    }
    if (rollback_plan !== undefined) {
      clauses.push({
        path: ["manual", "rollback_plan"],
        says: spaced(rollback_plan),
        enforced: { by: "person", how: "somebody goes back: evenkeel db failback" },
      });
    }
    return { clauses, plan: { database: { backups: [], upkeep: [], failover } } };
  },
});
