import { InvalidValueError, parseSizeBytes } from "@evenkeel/model";
import { z } from "zod";
import { clauseKind } from "../language/clause.ts";
import type { BudgetPlan } from "../language/runbook-plan.ts";
import { line } from "./words.ts";

const kinds: Record<string, BudgetPlan["of"]> = {
  ...{ bundle_size: "bundle", bundle: "bundle", javascript: "bundle", page_size: "page", page: "page" },
  ...{ function_size: "function", function: "function", output_size: "output", output: "output" },
};

export const performanceBudgets = clauseKind({
  name: "performance budgets",
  key: "performanceBudgets",
  about: "How large what is built may be: `bundle_size: '350KB gzipped'`.",
  schema: z.partialRecord(z.enum(Object.keys(kinds) as [string, ...string[]]), line),
  exercised: "at each deploy",
  read(section, context) {
    const entries = Object.entries(section).flatMap(([name, text]) => {
      const budget = text === undefined ? undefined : context.read([name], () => readBudget(name, text));
      return budget ? [{ name, text: text!, budget }] : [];
    });
    return {
      clauses: entries.map(({ name, text }) => ({
        path: [name],
        says: `${name.replaceAll("_", " ")} is at most ${text.replace(/^<=?\s*/, "")}`,
        enforced: { by: "pipeline", how: "the step `check` refuses a larger build" },
      })),
      plan: { budgets: entries.map(({ budget }) => budget) },
    };
  },
});

function readBudget(name: string, text: string): BudgetPlan {
  const parts = /^(?:<=?|at most|max)?\s*(\S+?(?:\s*[kmg]i?b)?)\s*(\(?gzip(?:ped)?\)?)?$/i.exec(text.trim());
  if (!parts) throw new InvalidValueError(`${JSON.stringify(text)} is no size: write '350KB gzipped'`);
  return { of: kinds[name]!, bytes: parseSizeBytes(parts[1]!), gzipped: parts[2] !== undefined };
}
