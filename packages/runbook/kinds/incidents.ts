import { z } from "zod";
import { type ClauseDraft, clauseKind, type Enforcement } from "../language/clause.ts";
import { readDurationMs, spaced } from "../quantities/duration.ts";
import { line, lines, listOf } from "./words.ts";

const byPeople: Enforcement = { by: "person", how: "nobody is told or timed by the platform yet" };
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
  exercised: "not exercised yet",
  read(section, context) {
    const clauses: ClauseDraft[] = [];
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
        enforced: byPeople,
      });
      if (escalation !== undefined) {
        clauses.push({
          path: [name, "escalation"],
          says: `${name} escalates: ${escalation}`,
          enforced: byPeople,
        });
      }
    }
    return { clauses };
  },
});

export const communicationPlan = clauseKind({
  name: "communication",
  key: "communicationPlan",
  about: "Who is told of an incident of which severity, by which channel, in which words.",
  schema: z.strictObject({
    internal: z.record(severityKey, lines).optional(),
    external: z.record(severityKey, lines).optional(),
    templates: z.record(z.string().min(1).max(100), line).optional(),
  }),
  exercised: "not exercised yet",
  read(section) {
    const clauses: ClauseDraft[] = [];
    for (const side of ["internal", "external"] as const) {
      for (const [severity, channels] of Object.entries(section[side] ?? {})) {
        clauses.push({
          path: [side, severity],
          says: `${severity} is told ${side === "internal" ? "inside" : "outside"} by ${listOf(channels).map(spaced).join(", ")}`,
          enforced: byPeople,
        });
      }
    }
    for (const name of Object.keys(section.templates ?? {})) {
      clauses.push({ path: ["templates", name], says: `words for "${name}"`, enforced: byPeople });
    }
    return { clauses };
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
  }),
  exercised: "not exercised yet",
  read: (section) => ({
    clauses: Object.keys(section).map((name) => ({
      path: [name],
      says: `on call: ${spaced(name)}`,
      enforced: byPeople,
    })),
  }),
});
