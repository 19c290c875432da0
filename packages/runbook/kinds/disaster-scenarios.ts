import { InvalidValueError } from "@evenkeel/model";
import { z } from "zod";
import { type ClauseDraft, clauseKind, type Enforcement, type KindContext } from "../language/clause.ts";
import {
  type DrillScenario,
  drillScenarios,
  type FallbackPlan,
  type RecoveryPlan,
  type ScenarioPlan,
} from "../language/runbook-plan.ts";
import { readDurationMs, readLongestMs, spaced } from "../quantities/duration.ts";
import { line } from "./words.ts";

const cadences = { daily: 1, weekly: 7, monthly: 30, quarterly: 91, yearly: 365 } as const;
const usualCadence = "quarterly";

/** An outside service that is asked, and the flag by which apps go elsewhere while it is down. */
const fallback = z.strictObject({
  /** Asked by GET: any answer below 500 but 429 says that it is there. */
  url: line,
  flag: z.string().regex(/^[A-Za-z][\w.-]{0,99}$/, "is no name of a flag"),
  /** Of the flag while it is down; true. */
  value: z.union([z.boolean(), line]).optional(),
  /** In a row; 3. */
  consecutive_failures: z.number().int().min(1).max(100).optional(),
  interval: line.optional(),
  timeout: line.optional(),
  /** It answers for so long before apps go back; two minutes. */
  recovers_after: line.optional(),
});

const scenario = z.strictObject({
  trigger: line,
  response: line,
  estimated_downtime: line.optional(),
  data_loss_risk: line.optional(),
  /** How often it is rehearsed by itself; quarterly. */
  drill: z.enum(Object.keys(cadences) as [keyof typeof cadences]).optional(),
  fallback: fallback.optional(),
});
type Scenario = z.output<typeof scenario>;

const rehearsed = (name: string, days: number): Enforcement => ({
  by: "platform",
  how: `rehearsed on a copy every ${days} days, and by evenkeel drill run APP ${name}`,
});
const measured: Enforcement = { by: "platform", how: "measured by each drill, which fails beyond it" };

export const disasterScenarios = clauseKind({
  name: "disaster scenarios",
  key: "disasterScenarios",
  about: "What is done when something large fails, how long it may take, and how often it is rehearsed.",
  schema: z.record(z.string().min(1).max(100), scenario),
  exercised: "by drills",
  read(section, context) {
    const recovery: RecoveryPlan = { rpo: {}, rto: {}, scenarios: [], fallbacks: [] };
    const clauses = Object.entries(section).flatMap(([name, given]) => {
      const known = drillScenarios.find((each) => each === name);
      return known ? readKnown(known, given, recovery, context) : readOther(name, given);
    });
    return { clauses, plan: { recovery } };
  },
});

function readKnown(
  name: DrillScenario,
  given: Scenario,
  { scenarios, fallbacks }: RecoveryPlan,
  context: KindContext,
): ClauseDraft[] {
  const { trigger, response, estimated_downtime, data_loss_risk, drill = usualCadence } = given;
  const plan: ScenarioPlan = { name, everyDays: cadences[drill] };
  scenarios.push(plan);
  const answered = given.fallback && readFallback(name, given.fallback, context);
  if (answered) fallbacks.push(answered);
  const clauses: ClauseDraft[] = [
    {
      path: [name, "response"],
      says: `${spaced(trigger)}: ${spaced(response)}`,
      enforced: answered
        ? {
            by: "watcher",
            how: `${answered.url} is asked all the time; the flag ${answered.flag} is set while it is down`,
          }
        : rehearsed(name, plan.everyDays),
    },
  ];
  if (estimated_downtime !== undefined) {
    const ms = context.read([name, "estimated_downtime"], () => readLongestMs(estimated_downtime));
    if (ms !== undefined) plan.rtoMs = ms;
    clauses.push({
      path: [name, "estimated_downtime"],
      says: `estimated downtime: ${spaced(estimated_downtime)}`,
      enforced: measured,
    });
  }
  if (data_loss_risk !== undefined) {
    const ms = lossMs(data_loss_risk);
    if (ms !== undefined) plan.rpoMs = ms;
    clauses.push({
      path: [name, "data_loss_risk"],
      says: `data loss risk: ${spaced(data_loss_risk)}`,
      enforced:
        ms === undefined
          ? { by: "person", how: "it names no amount that a drill could hold it to" }
          : measured,
    });
  }
  return clauses;
}

/** `none` is nothing at all, `up_to_15_minutes` a time; other words are no bound. */
function lossMs(text: string): number | undefined {
  if (/^(?:none|no loss|zero)$/.test(spaced(text))) return 0;
  try {
    return readDurationMs(text);
  } catch {
    return undefined;
  }
}

function readFallback(
  name: string,
  given: z.output<typeof fallback>,
  context: KindContext,
): FallbackPlan | undefined {
  const at = [name, "fallback"];
  const time = (key: "interval" | "timeout" | "recovers_after", usualMs: number): number => {
    const text = given[key];
    return (text === undefined ? usualMs : context.read([...at, key], () => readDurationMs(text))) ?? usualMs;
  };
  const plan: FallbackPlan = {
    ...{ name, url: given.url, flag: given.flag, value: given.value ?? true },
    ...{ failures: given.consecutive_failures ?? 3, intervalMs: time("interval", 10_000) },
    ...{ timeoutMs: time("timeout", 5_000), recoverAfterMs: time("recovers_after", 120_000) },
  };
  return context.read(at, () => {
    if (!/^https?:$/.test(URL.parse(plan.url)?.protocol ?? ""))
      throw new InvalidValueError("`url` is no http or https address");
    if (plan.intervalMs < 1_000) throw new InvalidValueError("an interval is at least a second");
    if (plan.timeoutMs > plan.intervalMs)
      throw new InvalidValueError("its time-out is longer than its interval");
    return plan;
  });
}

/** What answers a scenario that has no drill, by the words of its response. */
const answeredByPeople = /restore.*backup|point.in.time/;

function readOther(
  name: string,
  { trigger, response, estimated_downtime, data_loss_risk }: Scenario,
): ClauseDraft[] {
  const bounds = Object.entries({ estimated_downtime, data_loss_risk });
  return [
    {
      path: [name, "response"],
      says: `${spaced(trigger)}: ${spaced(response)}`,
      enforced: answeredByPeople.test(spaced(response))
        ? {
            by: "person",
            how: "somebody decides; then `evenkeel db restore`; the newest backup is restored and compared each week",
          }
        : {
            by: "nothing",
            how: `nothing sees it and answers by itself; drills are of ${drillScenarios.join(", ")}`,
          },
    },
    ...bounds
      .filter((bound): bound is [string, string] => bound[1] !== undefined)
      .map(
        ([key, text]): ClauseDraft => ({
          path: [name, key],
          says: `${spaced(key)}: ${spaced(text)}`,
          enforced: { by: "nothing", how: "no drill has measured it" },
        }),
      ),
  ];
}
