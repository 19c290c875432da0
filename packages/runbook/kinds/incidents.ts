import { InvalidValueError } from "@evenkeel/model";
import { z } from "zod";
import { type ClauseDraft, clauseKind, type Enforcement } from "../language/clause.ts";
import type { EscalationRule, Handover, SeverityClass } from "../language/incident-plan.ts";
import { readBusinessHours } from "../quantities/business-hours.ts";
import { readCalendar } from "../quantities/calendar.ts";
import { readDurationMs, spaced } from "../quantities/duration.ts";
import { MessageTemplate } from "../quantities/message-template.ts";
import { line, lines, listOf } from "./words.ts";

const timed: Enforcement = {
  by: "platform",
  how: "incidents of this class are timed; whoever is on call is paged until somebody acknowledges",
};
const escalated: Enforcement = {
  by: "platform",
  how: "while nobody has acknowledged, the next ones in the rotation are paged",
};
const told: Enforcement = {
  by: "platform",
  how: "told with each incident by the channels of these names (evenkeel notify channels)",
};
const severityKey = z.string().regex(/^[A-Za-z][\w-]{0,40}$/, "is no name of a severity");

export const incidentSeverity = clauseKind({
  name: "incident severities",
  key: "incidentSeverity",
  about: "How grave an incident is, and how soon somebody answers it.",
  schema: z.record(
    severityKey,
    z.strictObject({
      description: line,
      response_time: line,
      escalation: line.optional(),
      examples: z.array(line).max(50).optional(),
    }),
  ),
  exercised: "by each incident, and by drills",
  read(section, context) {
    const clauses: ClauseDraft[] = [];
    const severities: SeverityClass[] = [];
    let before: { name: string; ms: number } | undefined;
    for (const [name, { description, response_time, escalation }] of Object.entries(section)) {
      const ms = context.read([name, "response_time"], () => readDurationMs(response_time));
      if (ms === undefined) continue;
      if (before && ms < before.ms && name > before.name) {
        context.refuse([name, "response_time"], `is answered sooner than ${before.name}, which is graver`);
      }
      before = { name, ms };
      clauses.push({
        path: [name, "response_time"],
        says: `${name} (${description}) is answered within ${response_time}`,
        enforced: timed,
      });
      const rule = context.read([name, "escalation"], () => readEscalation(escalation));
      severities.push({ name, description, responseMs: ms, escalation: rule ?? { kind: "immediate" } });
      if (escalation !== undefined) {
        clauses.push({
          path: [name, "escalation"],
          says: `${name} escalates: ${escalation}`,
          enforced: escalated,
        });
      }
    }
    severities.sort((one, other) => one.responseMs - other.responseMs);
    return { clauses, plan: { severities } };
  },
});

/** @throws InvalidValueError */
function readEscalation(text: string | undefined): EscalationRule {
  const plain = spaced(text ?? "immediate");
  if (/^immediate(ly)?$/.test(plain)) return { kind: "immediate" };
  if (/^(on the )?next (business|working) day$/.test(plain)) return { kind: "next_business_day" };
  try {
    return { kind: "after", ms: readDurationMs(plain) };
  } catch {
    throw new InvalidValueError(`${JSON.stringify(text)} is no time to escalate`, {
      hint: "Write 'immediate', 'within 2 hours' or 'next business day'.",
    });
  }
}

export const communicationPlan = clauseKind({
  name: "communication",
  key: "communicationPlan",
  about: "Who is told of an incident of which severity, by which channel, in which words.",
  schema: z.strictObject({
    internal: z.record(severityKey, lines).optional(),
    external: z.record(severityKey, lines).optional(),
    templates: z.record(z.string().min(1).max(100), line).optional(),
  }),
  exercised: "by each incident; `evenkeel notify test` tries a channel",
  read(section, context) {
    const clauses: ClauseDraft[] = [];
    const communication = {
      ...{ internal: {} as Record<string, string[]>, external: {} as Record<string, string[]> },
      templates: section.templates ?? {},
    };
    for (const side of ["internal", "external"] as const) {
      for (const [severity, channels] of Object.entries(section[side] ?? {})) {
        communication[side][severity] = listOf(channels);
        clauses.push({
          path: [side, severity],
          says: `${severity} is told ${side === "internal" ? "inside" : "outside"} by ${listOf(channels).map(spaced).join(", ")}`,
          enforced: told,
        });
      }
    }
    for (const [name, text] of Object.entries(section.templates ?? {})) {
      context.read(["templates", name], () => MessageTemplate.read(text));
      clauses.push({
        path: ["templates", name],
        says: `words for "${name}"`,
        enforced: { by: "platform", how: "on the status page and to its subscribers, with fields filled in" },
      });
    }
    return { clauses, plan: { communication } };
  },
});

export const onCall = clauseKind({
  name: "on-call",
  key: "onCall",
  about: "Who is called, in which order.",
  schema: z.strictObject({
    rotation: z.array(line).min(1).max(100),
    handover: line.optional(),
    channel: line.optional(),
    business_hours: line.optional(),
  }),
  exercised: "by each page",
  read(section, context) {
    const { rotation, channel } = section;
    const handover =
      context.read(["handover"], () => readHandover(section.handover ?? "Monday 09:00 UTC")) ??
      readHandover("weekly");
    const businessHours =
      section.business_hours === undefined
        ? undefined
        : context.read(["business_hours"], () => readBusinessHours(section.business_hours!));
    return {
      clauses: Object.keys(section).map((name) => ({
        path: [name],
        says: `on call: ${spaced(name)}`,
        enforced: {
          by: "platform",
          how: "pages go to who has the turn, by their own channels (evenkeel notify channels add --person)",
        },
      })),
      plan: {
        onCall: {
          ...{ rotation, handover },
          ...(businessHours && { businessHours }),
          ...(channel !== undefined && { channel }),
        },
      },
    };
  },
});

/** @throws InvalidValueError */
function readHandover(text: string): Handover {
  const { cron, timezone } = readCalendar(text);
  const match = /^(\d+) (\d+) \* \* (\*|[0-6])$/.exec(cron);
  if (!match) {
    throw new InvalidValueError(`${JSON.stringify(text)} is no handover of each day or week`, {
      hint: "Write 'Monday 09:00 Europe/Berlin' or 'daily 08:00 UTC'.",
    });
  }
  const minuteOfDay = Number(match[2]) * 60 + Number(match[1]);
  return { minuteOfDay, timezone, ...(match[3] !== "*" && { weekday: Number(match[3]) }) };
}
