import { z } from "zod";
import { type ClauseDraft, clauseKind } from "../language/clause.ts";
import { spaced } from "../quantities/duration.ts";

const people = z.enum(["nobody", "one_person", "two_person_approval"]);

export const approvals = clauseKind({
  name: "approvals",
  key: "approvals",
  about: "What needs the word of one or two different people: a manual rollback of production, its deploys.",
  schema: z.strictObject({ manual_rollback: people.optional(), production_deploy: people.optional() }),
  exercised: "each time",
  read(section) {
    const clauses: ClauseDraft[] = [];
    if (section.manual_rollback !== undefined) {
      clauses.push({
        path: ["manual_rollback"],
        says: `a manual rollback needs ${spaced(section.manual_rollback)}`,
        enforced:
          section.manual_rollback === "two_person_approval"
            ? { by: "platform", how: "`evenkeel rollback` is done once a second person has agreed" }
            : { by: "platform", how: "`evenkeel rollback` needs a token that may release" },
      });
    }
    if (section.production_deploy !== undefined) {
      clauses.push({
        path: ["production_deploy"],
        says: `a deploy to production needs ${spaced(section.production_deploy)}`,
        enforced:
          section.production_deploy === "nobody"
            ? { by: "platform", how: "whoever may deploy is enough" }
            : section.production_deploy === "one_person"
              ? {
                  by: "platform",
                  how: "it takes a person or token that may deploy, and is on record with their name",
                }
              : {
                  by: "pipeline",
                  how: "the step `approve` waits until a second person has agreed to exactly this build with these variables",
                },
      });
    }
    return {
      clauses,
      plan: {
        approvals: {
          manualRollback: section.manual_rollback === "two_person_approval" ? 2 : 0,
          productionDeploy: section.production_deploy === "two_person_approval" ? 2 : 0,
        },
      },
    };
  },
});
