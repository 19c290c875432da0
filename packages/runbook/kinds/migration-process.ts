import { z } from "zod";
import { type ClauseDraft, clauseKind, type Enforcement } from "../language/clause.ts";
import type { MigrationPolicyPlan } from "../language/runbook-plan.ts";
import { spaced } from "../quantities/duration.ts";
import { environmentKey, environmentOf } from "./words.ts";

const apply = z.enum([
  "automatic",
  "automatic_on_deploy",
  "before_deployment",
  "additive_only",
  "manual_with_review",
  "manual_with_approval",
  "two_person_approval",
]);
const rollback = z.enum([
  "manual",
  "manual_with_review",
  "manual_with_approval",
  "two_person_approval",
  "never",
]);
const testing = z.enum(["none", "seed_data_reset", "full_test_suite", "pre_migration_backup"]);
const policy = z.strictObject({
  apply: apply.optional(),
  rollback: rollback.optional(),
  testing: testing.optional(),
});

const approvers = (words: string | undefined): 0 | 1 | 2 =>
  words === "two_person_approval" ? 2 : words?.startsWith("manual_with") ? 1 : 0;

const tests: Record<z.output<typeof testing>, Enforcement> = {
  none: { by: "platform", how: "nothing has to be done" },
  seed_data_reset: { by: "person", how: "somebody resets the data" },
  full_test_suite: { by: "pipeline", how: "the commands of `pipeline` pass before it is released" },
  pre_migration_backup: {
    by: "pipeline",
    how: "the step `migrate` takes a backup first, and does not migrate without",
  },
};

export const migrationProcess = clauseKind({
  name: "migration policy",
  key: "migrationProcess",
  about: "How migrations run in each environment, and who has to look at them first.",
  schema: z.partialRecord(environmentKey, policy),
  exercised: "at each deploy that brings a migration",
  read(section) {
    const clauses: ClauseDraft[] = [];
    const migrations: Record<string, MigrationPolicyPlan> = {};
    for (const [name, given] of Object.entries(section)) {
      if (!given) continue;
      const environment = environmentOf(name)!;
      const reviewers = approvers(given.apply);
      migrations[environment] = {
        ...{ reviewers, backupFirst: given.testing === "pre_migration_backup" },
        additiveOnly: given.apply === "additive_only",
        rollbackApprovers: approvers(given.rollback),
      };
      const here = environment === "development";
      const add = (key: string, words: string | undefined, enforced: Enforcement) => {
        if (words === undefined) return;
        const own: Enforcement = { by: "platform", how: "development is on a person's own machine" };
        clauses.push({
          path: [name, key],
          says: `${environment}: ${key} ${spaced(words)}`,
          enforced: here ? own : enforced,
        });
      };
      add(
        "apply",
        given.apply,
        reviewers > 0
          ? {
              by: "person",
              how: `what takes something away waits for \`evenkeel db approve\`${reviewers === 2 ? " of two different people" : ""}; at the rest somebody looks before the deploy`,
            }
          : {
              by: "pipeline",
              how: "the step `migrate` runs them; what takes something away waits for `evenkeel db approve`",
            },
      );
      add(
        "rollback",
        given.rollback,
        approvers(given.rollback) > 0
          ? { by: "person", how: "one command rolls back; somebody sees that the others agree" }
          : {
              by: "platform",
              how: "a rollback past a migration that old code does not know is refused without a reason",
            },
      );
      if (given.testing !== undefined) add("testing", given.testing, tests[given.testing]);
    }
    return { clauses, plan: { migrations } };
  },
});
