import { z } from "zod";
import { type ClauseDraft, clauseKind, type Enforcement } from "../language/clause.ts";
import { spaced } from "../quantities/duration.ts";
import { line } from "./words.ts";

const bySwitch: Enforcement = {
  by: "person",
  how: "somebody turns the flags of these features off (evenkeel flags set)",
};
const told: Enforcement = { by: "person", how: "nobody is told by the platform yet" };

export const businessContinuity = clauseKind({
  name: "degraded mode",
  key: "businessContinuity",
  about: "What has to go on, what may be switched off for it, and who hears of it how often.",
  schema: z.strictObject({
    essential_services: z.array(line).max(100).optional(),
    degraded_mode: z
      .strictObject({
        description: line,
        features_disabled: z.array(line).max(100),
        communication: line.optional(),
      })
      .optional(),
    communication_plan: z
      .record(
        z.string().min(1).max(100),
        z.strictObject({
          channels: z.array(line).max(50),
          frequency: line.optional(),
          responsible: line.optional(),
        }),
      )
      .optional(),
  }),
  exercised: "not exercised yet",
  read({ essential_services, degraded_mode, communication_plan }) {
    const clauses: ClauseDraft[] = [];
    if (essential_services) {
      clauses.push({
        path: ["essential_services"],
        says: `goes on: ${essential_services.map(spaced).join(", ")}`,
        enforced: { by: "person", how: "somebody sees that it does" },
      });
    }
    if (degraded_mode) {
      clauses.push({
        path: ["degraded_mode", "features_disabled"],
        says: `${degraded_mode.description}: without ${degraded_mode.features_disabled.map(spaced).join(", ")}`,
        enforced: bySwitch,
      });
      if (degraded_mode.communication !== undefined) {
        clauses.push({
          path: ["degraded_mode", "communication"],
          says: `told by ${spaced(degraded_mode.communication)}`,
          enforced: told,
        });
      }
    }
    for (const [name, { channels, frequency, responsible }] of Object.entries(communication_plan ?? {})) {
      const words = [frequency, responsible && `by ${responsible}`]
        .filter(Boolean)
        .map((word) => spaced(word!));
      clauses.push({
        path: ["communication_plan", name],
        says: `${name} by ${channels.map(spaced).join(", ")}${words.length ? `, ${words.join(", ")}` : ""}`,
        enforced: told,
      });
    }
    return { clauses };
  },
});
