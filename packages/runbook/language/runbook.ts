import type { z } from "zod";
import type { clauseKinds } from "../kinds/index.ts";
import type { byHandSchema } from "./by-hand.ts";
import type { AppMetric } from "./measure.ts";

type Kinds = typeof clauseKinds;

/**
 * What `runbook.ts` beside an app exports by default: plain data, checked with `satisfies Runbook`. All keys may be left out. What each
 * means stands in docs/RUNBOOK.md.
 */
export type Runbook = { [Key in keyof Kinds]?: z.input<Kinds[Key]["schema"]> } & {
  /** Metrics that the app sends itself, by the names that it sends them under. */
  metrics?: Record<string, AppMetric["kind"] | AppMetric>;
  /** Who sees to the clauses that nothing enforces: `'communicationPlan.external': { owner: 'ceo', due: '2027-01-31' }`. */
  byHand?: z.input<typeof byHandSchema>;
};
