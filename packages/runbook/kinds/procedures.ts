import { z } from "zod";
import { type ClauseDraft, clauseKind, type Enforcement } from "../language/clause.ts";
import { readDurationMs, readLongestMs, spaced } from "../quantities/duration.ts";
import { line, lines, listOf } from "./words.ts";

const person: Enforcement = { by: "person", how: "somebody does it" };

/** Steps that a rollback has here anyway; matched by their words. */
const done: [RegExp, string][] = [
  [/verify|exists/, "only a deployment that is ready, and knows the database's schema, is rolled back to"],
  [/wait|ready/, "an instance of it stands ready before the switch"],
  [/smoke|health/, "it is seen to answer through an edge after the switch"],
  [/^(?:create|do|perform)? ?roll ?back/, "one switch of the alias"],
];

export const rollbackProcess = clauseKind({
  name: "rollback process",
  key: "rollbackProcess",
  about: "What belongs to a rollback, step by step.",
  schema: z.array(line).max(50),
  exercised: "by each rollback",
  read: (section) => ({
    clauses: section.map((step, index): ClauseDraft => {
      const how = done.find(([words]) => words.test(spaced(step)))?.[1];
      return { path: [index], says: spaced(step), enforced: how ? { by: "platform", how } : person };
    }),
  }),
});

export const rollbackPlan = clauseKind({
  name: "rollback plan",
  key: "rollbackPlan",
  about: "What is rolled back for which symptoms, and how long that may take.",
  schema: z.record(
    z.string().min(1).max(100),
    z.strictObject({ symptoms: lines, rollback: line, recovery_time: line.optional() }),
  ),
  exercised: "by each rollback",
  read(section, context) {
    const clauses: ClauseDraft[] = [];
    for (const [name, { symptoms, rollback, recovery_time }] of Object.entries(section)) {
      clauses.push({
        path: [name],
        says: `${listOf(symptoms).join(", ")}: ${rollback}`,
        enforced: { by: "person", how: "somebody sees it, unless a trigger does; then `evenkeel rollback`" },
      });
      if (recovery_time === undefined) continue;
      const ms = context.read([name, "recovery_time"], () => readLongestMs(recovery_time));
      if (ms === undefined) continue;
      clauses.push({
        path: [name, "recovery_time"],
        says: `back within ${recovery_time.replace(/^<\s*/, "")}`,
        enforced: { by: "platform", how: "a rollback is one switch, and says how long it took" },
      });
    }
    return { clauses };
  },
});

export const deploymentPhases = clauseKind({
  name: "deployment phases",
  key: "deploymentPhases",
  about: "A rollout in phases that people go through: goal, steps, and when one is taken back.",
  schema: z.record(
    z.string().min(1).max(100),
    z.strictObject({
      when: line.optional(),
      goal: line,
      steps: z.array(line).max(50).optional(),
      rollback_trigger: line.optional(),
    }),
  ),
  exercised: "by people",
  read: (section) => ({
    clauses: Object.entries(section).map(([name, { goal, when }]) => ({
      path: [name],
      says: `${when === undefined ? "" : `${when}: `}${goal}`,
      enforced: person,
    })),
  }),
});

export const checklists = clauseKind({
  name: "checklists",
  key: "checklists",
  about:
    "Lines of checklists; one that a clause enforces names that clause: `'All tests passing': 'pipeline'`.",
  schema: z.record(
    z.string().min(1).max(100),
    z.union([z.array(line).max(100), z.record(z.string().min(1).max(200), line)]),
  ),
  exercised: "by the clause that it names, or by people",
  read: (section) => ({
    clauses: Object.entries(section).flatMap(([list, items]) =>
      Array.isArray(items)
        ? items.map((item, index): ClauseDraft => ({ path: [list, index], says: item, enforced: person }))
        : Object.entries(items).map(
            ([item, by]): ClauseDraft => ({
              path: [list, item],
              says: item,
              enforced: by === "person" ? person : { by: "platform", how: `kept by ${by}` },
              ...(by === "person" ? {} : { refersTo: by }),
            }),
          ),
    ),
  }),
});

/** What the platform does of these for every app. */
const usual: [RegExp, string][] = [
  [/static[ _]assets/, "hashed files are cached for a year by browsers, others are revalidated"],
  [/compression/, "gzip and brotli, made once at the import"],
  [/^(?:format|sizing)$/, "the image endpoint answers in the format and size that is asked for"],
];

export const optimizationStrategy = clauseKind({
  name: "optimization",
  key: "optimizationStrategy",
  about: "How pages are made fast, by area.",
  schema: z.record(z.string().min(1).max(100), z.record(z.string().min(1).max(100), line)),
  exercised: "with each request",
  read: (section) => ({
    clauses: Object.entries(section).flatMap(([area, parts]) =>
      Object.entries(parts).map(([name, text]): ClauseDraft => {
        const how = usual.find(([words]) => words.test(name))?.[1];
        const own: Enforcement = { by: "person", how: "it is in the app's own code; somebody sees to it" };
        return {
          path: [area, name],
          says: `${spaced(name)}: ${text}`,
          enforced: how ? { by: "platform", how } : own,
        };
      }),
    ),
  }),
});

export const limits = clauseKind({
  name: "limits",
  key: "limits",
  about: "Bounds that the app keeps itself: `maxConcurrentCalls: 8`.",
  schema: z.record(z.string().min(1).max(100), z.union([line, z.number()])),
  exercised: "by the app",
  read: (section) => ({
    clauses: Object.entries(section).map(([name, value]) => ({
      path: [name],
      says: `${name} is ${value}`,
      enforced: { by: "person", how: "the app keeps it; somebody sees to it" },
    })),
  }),
});

export const secrets = clauseKind({
  name: "secrets",
  key: "secrets",
  about: "How secrets are kept and how often they are changed.",
  schema: z.strictObject({
    storage: line.optional(),
    per_environment: z.boolean().optional(),
    client_exposure: line.optional(),
    rotation: line.optional(),
  }),
  exercised: "with each release",
  read(section, context) {
    const { rotation, ...kept } = section;
    const clauses: ClauseDraft[] = Object.entries(kept).map(([name, text]) => ({
      path: [name],
      says: `${spaced(name)}: ${text}`,
      enforced: {
        by: "platform",
        how: "variables are sealed, an environment's own, and never in a build's files unless it puts them there",
      },
    }));
    if (rotation !== undefined) {
      context.read(["rotation"], () => readDurationMs(rotation.replace(/^every\s+/i, "")));
      clauses.push({
        path: ["rotation"],
        says: `secrets are rotated ${rotation}`,
        enforced: { by: "person", how: "somebody rotates them (evenkeel env rotate)" },
      });
    }
    return { clauses };
  },
});
