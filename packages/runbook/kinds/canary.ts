import { InvalidValueError } from "@evenkeel/model";
import { z } from "zod";
import { clauseKind } from "../language/clause.ts";
import type { CanaryPlan } from "../language/runbook-plan.ts";
import { readAmount } from "../quantities/amount.ts";
import { readDurationMs } from "../quantities/duration.ts";
import { line, lines } from "./words.ts";

const usualHoldMs = 2 * 60_000;
const longestHoldMs = 7 * 86_400_000;
const usualMinimumSamples = 20;

const staged = z.strictObject({
  steps: lines,
  minimum_samples: z.number().int().min(0).max(1_000_000).optional(),
});

export const canary = clauseKind({
  name: "canary steps",
  key: "canary",
  about: "The shares of traffic that a new release gets on its way: `'5% for 2 minutes, 25%, 100%'`.",
  schema: z.union([line, z.array(line).min(1).max(20), staged]),
  exercised: "at each release",
  read(section, context) {
    const { steps, minimum_samples } =
      typeof section === "object" && !Array.isArray(section)
        ? section
        : { steps: section, minimum_samples: undefined };
    const texts = Array.isArray(steps) ? steps : steps.split(",");
    const path = typeof section === "object" && !Array.isArray(section) ? ["steps"] : [];
    const read = context.read(path, () => readSteps(texts));
    if (!read) return { clauses: [] };
    return {
      clauses: [
        {
          path,
          says: `Traffic in steps: ${texts.map((text) => text.trim()).join(", ")}`,
          enforced: { by: "pipeline", how: "the step `canary` compares new with old at each of them" },
        },
      ],
      plan: { canary: { steps: read, minimumSamples: minimum_samples ?? usualMinimumSamples } },
    };
  },
});

/** Each step's share is more than the one's before; the last is everything. A step without a time holds as long as the one before. */
function readSteps(texts: string[]): CanaryPlan["steps"] {
  const steps: CanaryPlan["steps"] = [];
  for (const text of texts) {
    const parts = /^(.+?)(?:\s+for\s+(.+))?$/.exec(text.trim());
    const share = readAmount(parts?.[1] ?? "", "share");
    const last = steps.at(-1);
    const holdMs = parts?.[2] === undefined ? (last?.holdMs ?? usualHoldMs) : readDurationMs(parts[2]);
    if (share <= 0 || share > 1)
      throw new InvalidValueError(
        `A step has a share of more than 0 % and at most 100 %, not ${text.trim()}`,
      );
    if (last && share <= last.share)
      throw new InvalidValueError(`The step ${text.trim()} is no more than the one before it`);
    if (holdMs > longestHoldMs) throw new InvalidValueError("A step is at most a week");
    steps.push({ share, holdMs });
  }
  if (steps.at(-1)!.share !== 1) steps.push({ share: 1, holdMs: 0 });
  return steps.map((step, index) => (index === steps.length - 1 ? { share: 1, holdMs: 0 } : step));
}
