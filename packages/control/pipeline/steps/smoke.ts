import { EdgeUnreachableError, SmokeFailedError } from "../../errors.ts";
import type { PipelineStep } from "../pipeline-step.ts";

/** Longer than the longest start plus one request's usual limit. */
const limitMs = 90_000;

/**
 * Codes with which the edge answers in the place of a function that crashed, hangs or does not start. `NOT_FOUND` is none of
 * them: an app without a page at `/` is sound.
 */
const faults = /^(?:FUNCTION_|EDGE_FUNCTION_|MIDDLEWARE_|NO_RESPONSE_|INTERNAL_)/;

/** Asks for `/` as a visitor would, at the deployment's own host name. It also warms the instance: Next.js loads its page now. */
export const smokeStep: PipelineStep = {
  name: "smoke",
  state: "deploying",
  async run({ deployment: { id, host }, log, signal }, { edge }) {
    const answer = await edge.untilAnsweredBy(id, host, limitMs, signal);
    if (!answer) throw new EdgeUnreachableError(host);
    if (answer.deployment !== id) {
      throw new SmokeFailedError(
        `GET / at ${host} was answered with status ${answer.status}, but not by this deployment`,
      );
    }
    if (answer.fault && faults.test(answer.fault.code)) {
      const { code, message } = answer.fault;
      throw new SmokeFailedError(
        `GET / at ${host} failed with ${answer.status} ${code}${message ? `: ${message}` : ""}`,
        {
          hint: "The deployment before goes on serving. `evenkeel logs` with this deployment's id shows what the function printed.",
        },
      );
    }
    log.note(`GET / answered ${answer.status}`);
    return { status: answer.status };
  },
};
