import { InvalidValueError } from "@evenkeel/model";
import { z } from "zod";
import { type ClauseDraft, clauseKind, type Enforcement } from "../language/clause.ts";
import type { AudiencePlan, ContinuityPlan } from "../language/incident-plan.ts";
import { readDurationMs, spaced } from "../quantities/duration.ts";
import { line } from "./words.ts";

const bySwitch: Enforcement = {
  by: "platform",
  how: "one command turns the flags of these features off, and on again (evenkeel mode set degraded)",
};
const told: Enforcement = {
  by: "platform",
  how: "told as often as this says by the channels of these names (evenkeel notify channels)",
};

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
  exercised: "by each change of the mode, and by each incident",
  read({ essential_services, degraded_mode, communication_plan }, context) {
    const clauses: ClauseDraft[] = [];
    const continuity: ContinuityPlan = { essential: essential_services ?? [], audiences: [] };
    if (essential_services) {
      clauses.push({
        path: ["essential_services"],
        says: `goes on: ${essential_services.map(spaced).join(", ")}`,
        enforced: { by: "platform", how: "the degraded mode refuses to turn one of these off" },
      });
    }
    if (degraded_mode) {
      const { description, features_disabled: features, communication } = degraded_mode;
      for (const [index, feature] of features.entries())
        if (essential_services?.includes(feature))
          context.refuse(
            ["degraded_mode", "features_disabled", index],
            "is essential, and cannot be turned off",
          );
      continuity.degraded = {
        ...{ description, features },
        channels:
          communication === undefined
            ? []
            : spaced(communication)
                .split(/ and |, */)
                .map(asName),
      };
      clauses.push({
        path: ["degraded_mode", "features_disabled"],
        says: `${description}: without ${features.map(spaced).join(", ")}`,
        enforced: bySwitch,
      });
      if (communication !== undefined) {
        clauses.push({
          path: ["degraded_mode", "communication"],
          says: `told by ${spaced(communication)}`,
          enforced: {
            by: "platform",
            how: "with the mode: on the status page, and as a flag that pages read",
          },
        });
      }
    }
    for (const [name, { channels, frequency, responsible }] of Object.entries(communication_plan ?? {})) {
      const often = context.read(["communication_plan", name, "frequency"], () => readFrequency(frequency));
      continuity.audiences.push({
        ...{ name, channels, frequency: often ?? { kind: "all" } },
        ...(responsible !== undefined && { responsible }),
      });
      const words = [frequency, responsible && `by ${responsible}`]
        .filter(Boolean)
        .map((word) => spaced(word!));
      clauses.push({
        path: ["communication_plan", name],
        says: `${name} by ${channels.map(spaced).join(", ")}${words.length ? `, ${words.join(", ")}` : ""}`,
        enforced: told,
      });
    }
    return { clauses, plan: { continuity } };
  },
});

const asName = (text: string): string => text.trim().replaceAll(" ", "_");

/** `every_30_minutes_during_incident`, `major_updates_only`, `real_time_updates`. @throws InvalidValueError */
function readFrequency(text: string | undefined): AudiencePlan["frequency"] {
  const plain = spaced(text ?? "real time updates").replace(/ during (an |the )?incidents?$/, "");
  if (/^(real[ -]time|all|each|every)( updates?)?$/.test(plain)) return { kind: "all" };
  if (/^major( updates?)?( only)?$/.test(plain)) return { kind: "major" };
  const every = /^every (.+)$/.exec(plain);
  if (every)
    return { kind: "every", ms: readDurationMs(/^\d/.test(every[1]!) ? every[1]! : `1 ${every[1]}`) };
  throw new InvalidValueError(`${JSON.stringify(text)} does not say how often`, {
    hint: "Write 'every 30 minutes', 'major updates only' or 'real time updates'.",
  });
}
