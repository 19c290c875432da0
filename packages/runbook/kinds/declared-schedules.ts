import { z } from "zod";
import { clauseKind } from "../language/clause.ts";
import { readCalendar } from "../quantities/calendar.ts";
import { path } from "./http-expectation.ts";
import { line } from "./words.ts";

export const schedules = clauseKind({
  name: "schedules",
  key: "schedules",
  about:
    "Jobs that every production release has to declare, by their path: `'/api/cron/daily': '0 9 * * *'`.",
  schema: z.record(path, line),
  exercised: "at each deploy; the scheduler keeps a row of every time",
  read(section, context) {
    const crons: Record<string, string> = {};
    for (const [target, text] of Object.entries(section)) {
      const calendar = context.read([target], () => readCalendar(text));
      if (calendar) crons[target] = calendar.cron;
    }
    return {
      clauses: Object.entries(crons).map(([target, cron]) => ({
        path: [target],
        says: `${target} is called at ${cron}`,
        enforced: {
          by: "pipeline",
          how: "the step `check` refuses a production build that does not declare it",
        },
      })),
      plan: { schedules: crons },
    };
  },
});
