import { EdgeUnreachableError, SmokeFailedError } from "../../errors.ts";
import { releasePlan } from "../../gates/release-plan.ts";
import { runSmokeTests } from "../../gates/run-smoke-tests.ts";
import type { PipelineStep } from "../pipeline-step.ts";

/** Longer than the longest sound first answer: the instance stands ready by now. */
const limitMs = 60_000;

/**
 * Codes with which the edge answers in the place of a function that crashed, hangs or does not start, or of an output that it cannot serve. `NOT_FOUND` is none of
 * them: an app without a page at `/` is sound.
 */
const faults =
  /^(?:FUNCTION_|EDGE_FUNCTION_|MIDDLEWARE_|NO_RESPONSE_|PROCESS_|INTERNAL_|ROUTE_INVALID|OUTPUT_UNREADABLE|STORED_FILE_UNREADABLE)/;

/** Asks for `/` as a visitor would, at the deployment's own host name. It also warms the instance: Next.js loads its page now. */
export const smokeStep: PipelineStep = {
  name: "smoke",
  state: "deploying",
  async run({ deployment, log, signal }, { edge, database }) {
    const { id, host } = deployment;
    const answer = await edge.untilAnsweredBy(id, host, limitMs, signal);
    if (!answer) throw new EdgeUnreachableError(host);
    const { status, fault } = answer;
    if (answer.deployment !== id || (fault && faults.test(fault.code))) {
      const words = fault
        ? ` ${fault.code}${fault.message ? `: ${fault.message}` : ""}`
        : ", but not by this deployment";
      throw new SmokeFailedError(`GET / at ${host} was answered with ${status}${words}`, {
        hint: `What answered before still does. \`evenkeel logs\` with ${id} shows what its functions printed.`,
      });
    }
    log.note(`GET / answered ${status}`);
    await runSmokeTests(edge, host, (await releasePlan(database, deployment)).smokeTests, log, signal);
    return { status };
  },
};
