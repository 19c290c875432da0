import { z } from "zod";
import { clauseKind } from "../language/clause.ts";
import { readDailyOrWeekly } from "../quantities/calendar.ts";
import { line } from "./words.ts";

const sql = z.string().trim().min(1).max(20_000);
const task = z.strictObject({ schedule: line, sql: z.union([sql, z.array(sql).min(1).max(50)]) });

export const maintenance = clauseKind({
  name: "maintenance",
  key: "maintenance",
  about: "SQL that a database needs from time to time, one statement each, in its order.",
  schema: z.record(z.string().regex(/^[\w -]{1,60}$/, "is no name of a task"), task),
  exercised: "at its times",
  read(section, context) {
    const upkeep = Object.entries(section).flatMap(([name, given]) => {
      const calendar = context.read([name, "schedule"], () => readDailyOrWeekly(given.schedule));
      return calendar ? [{ name, calendar, sql: Array.isArray(given.sql) ? given.sql : [given.sql] }] : [];
    });
    return {
      clauses: upkeep.map(({ name, sql: statements }) => ({
        path: [name],
        says: `${name}: ${statements.length} statements, ${section[name]!.schedule}`,
        enforced: { by: "release", how: "set with the release; the database's keeper runs it" },
      })),
      plan: { database: { backups: [], upkeep } },
    };
  },
});
