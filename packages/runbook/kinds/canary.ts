import { formatRolloutSteps, parseRolloutSteps } from "@evenkeel/model";
import { z } from "zod";
import { clauseKind } from "../language/clause.ts";
import { line } from "./words.ts";

export const canary = clauseKind({
  name: "canary steps",
  key: "canary",
  about: "The shares of visitors that a new release gets on its way: `'5% for 2 minutes, 25%, 100%'`.",
  schema: z.union([line, z.array(line).min(1).max(20)]),
  exercised: "at each release",
  read(section, context) {
    const text = Array.isArray(section) ? section.join(", ") : section;
    const steps = context.read([], () => parseRolloutSteps(text));
    if (!steps) return { clauses: [] };
    return {
      clauses: [
        {
          path: [],
          says: steps.length === 0 ? "at once" : formatRolloutSteps(steps),
          enforced: { by: "pipeline", how: "the step `canary` compares new with old at each of them" },
        },
      ],
      plan: { canary: steps },
    };
  },
});
