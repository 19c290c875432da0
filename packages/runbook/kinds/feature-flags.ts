import { z } from "zod";
import { type ClauseDraft, clauseKind } from "../language/clause.ts";
import type { RunbookPlan } from "../language/runbook-plan.ts";
import { environmentOf } from "./words.ts";

const value = z.union([z.boolean(), z.string().max(500), z.number()]);
const flag = z
  .string()
  .regex(/^[\w.-]{1,128}$/, "is no key of a flag: use letters, digits, `-`, `_` and `.`");

export const featureFlags = clauseKind({
  name: "flags",
  key: "featureFlags",
  about: "Values of feature flags, for all environments or by environment.",
  schema: z.record(flag, z.union([value, z.record(flag, value)])),
  exercised: "with each release; a rollback brings back those of its release",
  read(section, context) {
    const clauses: ClauseDraft[] = [];
    const flags: RunbookPlan["flags"] = {};
    const declare = (
      path: string[],
      environment: keyof typeof flags,
      name: string,
      set: typeof value._output,
    ) => {
      flags[environment] = { ...flags[environment], [name]: set };
      clauses.push({
        path,
        says: `${name} is ${JSON.stringify(set)}${environment === "all" ? "" : ` in ${environment}`}`,
        enforced: { by: "release", how: "declared with the release; `evenkeel flags set` stands over it" },
      });
    };
    for (const [name, given] of Object.entries(section)) {
      if (typeof given !== "object") {
        declare([name], "all", name, given);
        continue;
      }
      const environment = environmentOf(name);
      if (!environment) {
        context.refuse([name], "is neither an environment nor a flag with a value");
        continue;
      }
      for (const [key, set] of Object.entries(given)) declare([name, key], environment, key, set);
    }
    return { clauses, plan: { flags } };
  },
});
