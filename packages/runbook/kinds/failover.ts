import { z } from "zod";
import { type ClauseDraft, clauseKind } from "../language/clause.ts";
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

export const failoverProcedures = clauseKind({
  name: "failover",
  key: "failoverProcedures",
  about: "When traffic leaves what fails, and who may say so.",
  schema: z.strictObject({ automatic: automatic.optional(), manual: manual.optional() }),
  exercised: "each second, against the signals of what is released",
  read(section, context) {
    const clauses: ClauseDraft[] = [];
    for (const [index, trigger] of (section.automatic?.triggers ?? []).entries()) {
      const condition = conditionAt(context, ["automatic", "triggers", index], trigger, {});
      if (!condition) continue;
      clauses.push({
        path: ["automatic", "triggers", index],
        says: sayAny([condition], "recorded as a failover"),
        enforced: byWatcher("record"),
        watch: watchFor([condition], { action: "record" }),
      });
    }
    for (const [index, action] of (section.automatic?.actions ?? []).entries()) {
      clauses.push({
        path: ["automatic", "actions", index],
        says: spaced(action),
        enforced: { by: "nothing", how: "there is one machine: a failover needs a second one" },
      });
    }
    const { decision_makers, approval_time, execution_time, rollback_plan } = section.manual ?? {};
    if (decision_makers) {
      clauses.push({
        path: ["manual", "decision_makers"],
        says: `Decided by ${decision_makers.map(spaced).join(" or ")}`,
        enforced: { by: "person", how: "somebody decides" },
      });
    }
    for (const [key, text] of Object.entries({ approval_time, execution_time })) {
      if (text === undefined) continue;
      context.read(["manual", key], () => readDurationMs(text));
      clauses.push({
        path: ["manual", key],
        says: `${spaced(key)} ${text}`,
        enforced: { by: "person", how: "somebody keeps the time" },
      });
    }
    if (rollback_plan !== undefined) {
      clauses.push({
        path: ["manual", "rollback_plan"],
        says: spaced(rollback_plan),
        enforced: { by: "person", how: "somebody goes back" },
      });
    }
    return { clauses };
  },
});

const scenario = z.strictObject({
  trigger: line,
  response: line,
  estimated_downtime: line.optional(),
  data_loss_risk: line.optional(),
});

/** What answers a scenario already; matched by the words of its response. */
const answered: [RegExp, string][] = [
  [
    /restore.*backup|point.in.time/,
    "`evenkeel db restore`; the newest backup is restored and compared each week",
  ],
];

export const disasterScenarios = clauseKind({
  name: "disaster scenarios",
  key: "disasterScenarios",
  about: "What is done when something large fails, and how long it may take.",
  schema: z.record(z.string().min(1).max(100), scenario),
  exercised: "not rehearsed yet",
  read: (section) => ({
    clauses: Object.entries(section).flatMap(([name, { trigger, response, ...bounds }]): ClauseDraft[] => {
      const how = answered.find(([words]) => words.test(spaced(response)))?.[1];
      return [
        {
          path: [name, "response"],
          says: `${spaced(trigger)}: ${spaced(response)}`,
          enforced: how
            ? { by: "person", how: `somebody decides; then ${how}` }
            : { by: "nothing", how: "nothing sees it and answers by itself" },
        },
        ...Object.entries(bounds)
          .filter((bound): bound is [string, string] => bound[1] !== undefined)
          .map(
            ([key, text]): ClauseDraft => ({
              path: [name, key],
              says: `${spaced(key)}: ${spaced(text)}`,
              enforced: { by: "nothing", how: "no drill has measured it" },
            }),
          ),
      ];
    }),
  }),
});
