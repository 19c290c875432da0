import { ReleaseUnconfirmedError } from "../../errors.ts";
import type { PipelineStep } from "../pipeline-step.ts";

const answerLimitMs = 10_000;

/** Sees the deployment answer at its alias. The release stands even if this fails: smoke has seen it answer before the switch. */
export const confirmStep: PipelineStep = {
  name: "confirm",
  state: "deploying",
  skips: ({ results }) => results.switch?.["host"] === undefined,
  async run({ deployment, results, signal }, { edge, database }) {
    const { host, edges } = results.switch as { host: string; edges: { unconfirmed: string[] } };
    const answer = await edge.untilAnsweredBy(deployment.id, host, answerLimitMs, signal);
    if (answer?.deployment !== deployment.id) {
      const [alias] = await database.query<{ deployment: string }>(
        "SELECT deployment FROM aliases WHERE host = $1",
        [host],
      );
      // Released again by the next one before it was looked at: as it should be.
      if (alias?.deployment !== deployment.id) return { superseded: true };
      throw new ReleaseUnconfirmedError(
        `The release at ${host} was not seen to answer within ${answerLimitMs / 1_000} s`,
      );
    }
    if (edges.unconfirmed.length > 0) {
      throw new ReleaseUnconfirmedError(
        `Edges did not acknowledge the release: ${edges.unconfirmed.join(", ")}`,
        {
          hint: "They get it as soon as they read again; `evenkeel status` shows them.",
        },
      );
    }
    return { status: answer.status };
  },
};
