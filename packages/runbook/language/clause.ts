import type { EnvironmentName } from "@evenkeel/model";
import type { z } from "zod";
import type { Condition } from "./condition.ts";
import type { AppMetric } from "./measure.ts";
import type { RunbookPlan } from "./runbook-plan.ts";

/**
 * What carries a clause out.
 *
 * - `watcher`: the engine looks at signals each second and acts.
 * - `pipeline`: a step of every deploy fails where it is not kept.
 * - `release`: set with each release, and back with a rollback.
 * - `platform`: so for every app, and nothing can switch it off.
 * - `person`: needs one; counts only with an owner and a date in `byHand`.
 * - `nothing`: nothing carries it out yet; likewise.
 */
export type EnforcedBy = "watcher" | "pipeline" | "release" | "platform" | "person" | "nothing";

export interface Enforcement {
  by: EnforcedBy;
  /** How; for `person` and `nothing` what is left to do. */
  how: string;
}

/** From the mildest to the strongest. */
export const actionNames = [
  "record",
  "notify",
  "set_flag",
  "scale",
  "degraded_mode",
  "failover",
  "staged_rollback",
  "immediate_rollback",
] as const;
export type ActionName = (typeof actionNames)[number];

/** What an environment gets more of: instances or processes that answer, or memory for each. */
export interface ScaleWish {
  resource: "instances" | "memory";
  /** Instances, or MB of memory; absent: as much as the platform gives. */
  most?: number;
}

export interface Watch {
  /** It is broken where one of them is so. */
  any: Condition[];
  action: ActionName;
  /** Of `set_flag`. */
  flag?: { name: string; value: boolean };
  /** Of `scale`. */
  scale?: ScaleWish;
  severity: "warning" | "critical";
  /** Fewer samples in the window say nothing; of ratios and percentiles. */
  minimumSamples: number;
  /** It has recovered when the value is below so much of the threshold (above, for lower bounds). */
  recoversAt: number;
  /** After it acted. */
  cooldownMs: number;
  /** A named health check; else all that is measured. */
  detail?: string;
  /** Where it is watched. */
  environments: readonly EnvironmentName[];
}

export interface ClauseDraft {
  /** In its section. */
  path: (string | number)[];
  /** What it promises, in one line. */
  says: string;
  enforced: Enforcement;
  watch?: Watch;
  /** The clause, or all of a section, that keeps it. */
  refersTo?: string;
}

export interface Clause extends Omit<ClauseDraft, "path"> {
  /** `rollbackTriggers.error_rate` */
  id: string;
  /** The kind's name: `rollback triggers`. */
  kind: string;
  /** How it is exercised beyond being in force. */
  exercised: string;
  /** In the file; 0 where it is not known. */
  line: number;
  byHand?: Tracked;
}

/** Who sees to a clause that nothing enforces, and by when. */
export interface Tracked {
  owner: string;
  /** `2027-01-31` */
  due: string;
  note?: string;
}

export interface KindContext {
  /** Declared under `metrics`. */
  metrics: Readonly<Record<string, AppMetric>>;
  /** Reads a quantity; what cannot be read is a fault at that path, and `undefined`. */
  read<Value>(path: (string | number)[], read: () => Value): Value | undefined;
  refuse(path: (string | number)[], message: string): void;
}

/**
 * A kind of clauses: one key of the file. Signals that it needs and its evaluation are data in its clauses' `watch`, which the engine carries
 * out alike for all kinds.
 */
export interface ClauseKind<Schema extends z.ZodType = z.ZodType> {
  name: string;
  key: string;
  /** One sentence for people. */
  about: string;
  schema: Schema;
  exercised: string;
  read(
    section: z.output<Schema>,
    context: KindContext,
  ): { clauses: ClauseDraft[]; plan?: Partial<RunbookPlan> };
}

export const clauseKind = <Schema extends z.ZodType>(kind: ClauseKind<Schema>): ClauseKind<Schema> => kind;
