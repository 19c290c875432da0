import { z } from "zod";
import { clauseKind } from "../language/clause.ts";
import { readDurationMs, spaced } from "../quantities/duration.ts";
import { line } from "./words.ts";

const entry = z.strictObject({
  keep: line,
  afterwards: z.enum(["delete", "archive"]).optional(),
  /** The clause whose SQL does it: `maintenance.weekly`. */
  by: line.optional(),
});

export const retention = clauseKind({
  name: "retention",
  key: "retention",
  about:
    "How long things are kept, and what becomes of them: `audit_logs: { keep: '1 year', afterwards: 'archive' }`.",
  schema: z.record(z.string().min(1).max(100), z.union([line, entry])),
  exercised: "at the times of the SQL that it names",
  read(section, context) {
    const kept: Record<string, number> = {};
    return {
      clauses: Object.entries(section).flatMap(([name, given]) => {
        const { keep, afterwards, by } = typeof given === "string" ? { keep: given } : given;
        const path = typeof given === "string" ? [name] : [name, "keep"];
        const ms = context.read(path, () => readDurationMs(keep));
        if (ms === undefined) return [];
        kept[name] = ms;
        return [
          {
            path: [name],
            says: `${spaced(name)} are kept for ${spaced(keep)}, then ${afterwards === "archive" ? "archived" : "deleted"}`,
            ...(by === undefined ? {} : { refersTo: by }),
            enforced:
              by === undefined
                ? {
                    by: "nothing" as const,
                    how: "rows of an app are its own: write it as SQL under `maintenance`, and name that in `by`",
                  }
                : {
                    by: "release" as const,
                    how: `\`${by}\` does it; the database's keeper runs it at its times`,
                  },
          },
        ];
      }),
      plan: { retention: kept },
    };
  },
});
