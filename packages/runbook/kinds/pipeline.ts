import { z } from "zod";
import { clauseKind } from "../language/clause.ts";
import { readDurationMs } from "../quantities/duration.ts";
import { line } from "./words.ts";

const check = z.strictObject({ run: line, timeout: line.optional() });
const usualTimeoutMs = 15 * 60_000;

export const pipeline = clauseKind({
  name: "pipeline checks",
  key: "pipeline",
  about: "Commands that have to pass before anything is released: `typecheck: 'pnpm typecheck'`.",
  schema: z.record(z.string().min(1).max(100), z.union([line, check])),
  exercised: "at each deploy from source",
  read(section, context) {
    const pipelineChecks = Object.entries(section).map(([name, given]) => {
      const { run, timeout } = typeof given === "string" ? { run: given } : given;
      const timeoutMs =
        timeout === undefined ? undefined : context.read([name, "timeout"], () => readDurationMs(timeout));
      return { name, run, timeoutMs: timeoutMs ?? usualTimeoutMs };
    });
    return {
      clauses: pipelineChecks.map(({ name, run }) => ({
        path: [name],
        says: `${name.replaceAll("_", " ")} passes: \`${run}\``,
        enforced: { by: "pipeline", how: "the step `gates` runs it where the app was built" },
      })),
      plan: { pipelineChecks },
    };
  },
});
