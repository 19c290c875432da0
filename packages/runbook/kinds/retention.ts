import { z } from "zod";
import { clauseKind } from "../language/clause.ts";
import { readDurationMs, spaced } from "../quantities/duration.ts";
import { line } from "./words.ts";

const entry = z.strictObject({ keep: line, afterwards: z.enum(["delete", "archive"]).optional() });

export const retention = clauseKind({
  name: "retention",
  key: "retention",
  about:
    "How long things are kept, and what becomes of them: `audit_logs: { keep: '1 year', afterwards: 'archive' }`.",
  schema: z.record(z.string().min(1).max(100), z.union([line, entry])),
  exercised: "not exercised yet",
  read(section, context) {
    const kept: Record<string, number> = {};
    return {
      clauses: Object.entries(section).flatMap(([name, given]) => {
        const { keep, afterwards } =
          typeof given === "string" ? { keep: given, afterwards: "delete" as const } : given;
        const path = typeof given === "string" ? [name] : [name, "keep"];
        const ms = context.read(path, () => readDurationMs(keep));
        if (ms === undefined) return [];
        kept[name] = ms;
        return [
          {
            path: [name],
            says: `${spaced(name)} are kept for ${spaced(keep)}, then ${afterwards === "archive" ? "archived" : "deleted"}`,
            enforced: {
              by: "nothing" as const,
              how: "rows of an app are its own: write it as SQL under `maintenance`",
            },
          },
        ];
      }),
      plan: { retention: kept },
    };
  },
});
