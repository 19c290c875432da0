import { z } from "zod";
import { type ClauseDraft, clauseKind, type Enforcement } from "../language/clause.ts";
import { spaced } from "../quantities/duration.ts";
import { byEnvironment, environmentOf, line, listOf } from "./words.ts";

const facts: Record<string, (value: string) => Enforcement> = {
  domain: (value) =>
    /^localhost\b/.test(value)
      ? { by: "platform", how: "development is on a person's own machine" }
      : { by: "platform", how: "answers there once `evenkeel domains add` has attached it" },
  database: () => ({ by: "platform", how: "each environment has a database of its own" }),
  monitoring: () => ({ by: "platform", how: "signals of every environment are kept" }),
};
const ofVariables: Enforcement = {
  by: "platform",
  how: "variables are an environment's own, sealed; another's cannot be read",
};

export const environments = clauseKind({
  name: "environments",
  key: "environments",
  about: "What each environment consists of, by its own words: domain, database, services, monitoring.",
  schema: byEnvironment(z.record(z.string().min(1).max(100), z.union([line, z.array(line).max(50)]))),
  exercised: "with each release",
  read: (section) => ({
    clauses: Object.entries(section).flatMap(([environment, parts]) =>
      Object.entries(parts ?? {}).map(([name, value]): ClauseDraft => {
        const known = facts[name.toLowerCase()];
        const text = listOf(value).join(", ");
        return {
          path: [environment, name],
          says: `${environmentOf(environment)}: ${spaced(name)} is ${text}`,
          enforced: known?.(text) ?? (Array.isArray(value) ? byPerson : ofVariables),
        };
      }),
    ),
  }),
});

const byPerson: Enforcement = { by: "person", how: "somebody sees that it is so" };
