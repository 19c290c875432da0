import { useUp } from "../../approvals/approval-store.ts";
import { askToDeploy, deployNeeds } from "../../approvals/release-approval.ts";
import { ApprovalMissingError } from "../../errors.ts";
import type { PipelineStep } from "../pipeline-step.ts";

/**
 * Waits for the word of several people, where production asks for it: before the database is changed and anything of it starts. What they agree to is
 * this build with these variables; a newer deploy supersedes it, and needs words of its own.
 */
export const approveStep: PipelineStep = {
  name: "approve",
  state: "deploying",
  skips: ({ deployment }) => deployment.environment !== "production" || deployment.derivedFrom !== null,
  async run({ deployment, log, signal }, { database, approvals }) {
    const needed = await deployNeeds(database, deployment);
    if (needed < 2) return "unneeded";
    const asked = await askToDeploy(database, deployment, needed);
    if (asked.state === "open")
      log.note(
        `Waiting for another person's word: evenkeel approvals approve ${asked.id} (${asked.words.length} of ${needed} agree)`,
      );
    const decided = await approvals.untilDecided(asked, signal);
    const names = decided.words.filter(({ agrees }) => agrees).map(({ name }) => name);
    if (decided.state !== "approved" && decided.state !== "used") {
      const refused = decided.words.find(({ agrees }) => !agrees);
      throw new ApprovalMissingError(deployment.id, decided.state, refused);
    }
    await database.transaction((connection) => useUp(connection, decided, deployment.createdBy));
    log.note(`Agreed to by ${names.join(", ")}`);
    return { approval: decided.id };
  },
};
