import { ReleaseUnconfirmedError, SmokeFailedError } from "../../errors.ts";
import { releasePlan } from "../../gates/release-plan.ts";
import { runSmokeTests } from "../../gates/run-smoke-tests.ts";
import type { Job, PipelineParts, PipelineStep } from "../pipeline-step.ts";

const answerLimitMs = 10_000;

/** Sees the deployment answer at its alias. The release stands even if this fails: smoke has seen it answer before the switch. */
export const confirmStep: PipelineStep = {
  name: "confirm",
  state: "deploying",
  skips: ({ results }) => results.switch?.["host"] === undefined,
  async run(job, parts) {
    const { deployment, results, signal } = job;
    const { edge, database } = parts;
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
    return { status: answer.status, ...(await testReleased(job, parts, host)) };
  },
};

/** The same smoke tests where visitors come in. What fails now that it did not fail before is taken back. */
async function testReleased(
  { deployment, log, signal }: Job,
  { database, edge, releaser }: PipelineParts,
  host: string,
): Promise<Record<string, unknown>> {
  const { app, environment, branch, derivedFrom } = deployment;
  const { smokeTests } = await releasePlan(database, deployment);
  if (derivedFrom !== null) return {};
  try {
    await runSmokeTests(edge, host, smokeTests, log, signal);
    return {};
  } catch (error) {
    if (!(error instanceof SmokeFailedError)) throw error;
    log.note(`${error.message}: rolling back`);
    const target = { app, environment, branch: branch ?? undefined };
    const by = { who: "platform", reason: error.message, automatic: true };
    const { release } = await releaser.rollback(target, by);
    log.note(`Rolled back to ${release.deployment} as v${release.version}`);
    return { rolledBackTo: release.deployment };
  }
}
