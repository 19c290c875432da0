import { z } from "zod";
import { type ClauseDraft, clauseKind, type Enforcement } from "../language/clause.ts";
import type { Condition } from "../language/condition.ts";
import { readMeasure } from "../language/measure.ts";
import type { RecoveryPlan } from "../language/runbook-plan.ts";
import { readDurationMs, spaced } from "../quantities/duration.ts";
import { byWatcher, watchFor } from "./watched.ts";
import { line } from "./words.ts";

/** What a loss at this moment would cost: how far the archive is behind. */
function watched(rpoMs: number): Pick<ClauseDraft, "enforced" | "watch"> {
  const measure = readMeasure("archive_lag", {});
  const behind: Condition = { measure, is: ">", threshold: rpoMs, windowMs: 60_000 };
  return {
    enforced: byWatcher("record"),
    watch: watchFor([behind], { action: "record", minimumSamples: 1 }),
  };
}

const measured: Enforcement = { by: "platform", how: "measured by drills, which fail beyond it" };
const unmeasured: Enforcement = { by: "nothing", how: "no drill measures it" };
/** What is back when the database and what depends on it are, and when the platform is. */
const isMeasured = (name: string): boolean => /database|postgres|critical|full|platform/i.test(name);

export const recoveryObjectives = clauseKind({
  name: "recovery objectives",
  key: "recoveryObjectives",
  about: "How much may be lost (`rpo`) and how long a recovery may take (`rto`), by part.",
  schema: z.strictObject({
    rpo: z.record(z.string().min(1).max(100), line).optional(),
    rto: z.record(z.string().min(1).max(100), line).optional(),
  }),
  exercised: "each second, by each verification of the database and by drills",
  read(section, context) {
    const clauses: ClauseDraft[] = [];
    let rpoMs: number | undefined;
    const recovery: RecoveryPlan = { rpo: {}, rto: {}, scenarios: [], fallbacks: [] };
    for (const [name, text] of Object.entries(section.rpo ?? {})) {
      const ms = context.read(["rpo", name], () => readDurationMs(text));
      if (ms === undefined) continue;
      recovery.rpo[name] = ms;
      const ofDatabase = /database|postgres/i.test(name);
      if (ofDatabase) rpoMs = ms;
      clauses.push({
        path: ["rpo", name],
        says: `${spaced(name)}: at most ${text} are lost`,
        ...(ofDatabase ? watched(ms) : { enforced: unmeasured }),
      });
    }
    for (const [name, text] of Object.entries(section.rto ?? {})) {
      const ms = context.read(["rto", name], () => readDurationMs(text));
      if (ms === undefined) continue;
      recovery.rto[name] = ms;
      clauses.push({
        path: ["rto", name],
        says: `${spaced(name)}: back within ${text}`,
        enforced: isMeasured(name) ? measured : unmeasured,
      });
    }
    const database = { backups: [], upkeep: [], ...(rpoMs === undefined ? {} : { rpoMs }) };
    return { clauses, plan: { database, recovery } };
  },
});
