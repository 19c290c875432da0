import { z } from "zod";
import { clauseKind } from "../language/clause.ts";
import type { SmokeTestPlan } from "../language/runbook-plan.ts";
import { passing, path, readStatus, status } from "./http-expectation.ts";
import { durationAt } from "./watched.ts";
import { line } from "./words.ts";

const asked = z.strictObject({
  path,
  method: z.enum(["GET", "HEAD"]).optional(),
  status: status.optional(),
  contains: line.optional(),
  timeout: line.optional(),
});
const ran = z.strictObject({ run: line, timeout: line.optional() });
const usualAskMs = 15_000;
const usualRunMs = 10 * 60_000;

export const smokeTests = clauseKind({
  name: "smoke tests",
  key: "smokeTests",
  about: "What a new deployment has to answer at its own URL before it gets any traffic.",
  schema: z.record(z.string().min(1).max(200), z.union([asked, ran])),
  exercised: "at each deploy",
  read(section, context) {
    const smokeTests = Object.entries(section).map(([name, given]): SmokeTestPlan => {
      const timeoutMs = durationAt(context, [name, "timeout"], given.timeout);
      if ("run" in given) return { name, run: given.run, timeoutMs: timeoutMs ?? usualRunMs };
      return {
        ...{ name, path: given.path, method: given.method ?? "GET", timeoutMs: timeoutMs ?? usualAskMs },
        status:
          given.status === undefined
            ? passing
            : (context.read([name, "status"], () => readStatus(given.status!)) ?? passing),
        ...(given.contains === undefined ? {} : { contains: given.contains }),
      };
    });
    return {
      clauses: smokeTests.map((test) => ({
        path: [test.name],
        says: "run" in test ? `\`${test.run}\` passes` : `${test.method} ${test.path} answers as it should`,
        enforced: {
          by: "pipeline" as const,
          how: "the step `smoke` asks the new deployment's own URL before the switch",
        },
      })),
      plan: { smokeTests },
    };
  },
});
