import { z } from "zod";
import { type ClauseDraft, clauseKind } from "../language/clause.ts";
import type { Condition } from "../language/condition.ts";
import { readMeasure } from "../language/measure.ts";
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

export const recoveryObjectives = clauseKind({
  name: "recovery objectives",
  key: "recoveryObjectives",
  about: "How much may be lost (`rpo`) and how long a recovery may take (`rto`), by part.",
  schema: z.strictObject({
    rpo: z.record(z.string().min(1).max(100), line).optional(),
    rto: z.record(z.string().min(1).max(100), line).optional(),
  }),
  exercised: "each second, and by each verification of the database; the rest not yet",
  read(section, context) {
    const clauses: ClauseDraft[] = [];
    let rpoMs: number | undefined;
    for (const [name, text] of Object.entries(section.rpo ?? {})) {
      const ms = context.read(["rpo", name], () => readDurationMs(text));
      if (ms === undefined) continue;
      const ofDatabase = /database|postgres/i.test(name);
      if (ofDatabase) rpoMs = ms;
      clauses.push({
        path: ["rpo", name],
        says: `${spaced(name)}: at most ${text} are lost`,
        ...(ofDatabase ? watched(ms) : { enforced: { by: "nothing", how: "no drill measures it" } }),
      });
    }
    for (const [name, text] of Object.entries(section.rto ?? {})) {
      if (context.read(["rto", name], () => readDurationMs(text)) === undefined) continue;
      clauses.push({
        path: ["rto", name],
        says: `${spaced(name)}: back within ${text}`,
        enforced: { by: "nothing", how: "no drill measures it" },
      });
    }
    const plan = rpoMs === undefined ? {} : { plan: { database: { backups: [], upkeep: [], rpoMs } } };
    return { clauses, ...plan };
  },
});
