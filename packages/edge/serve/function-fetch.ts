import { type FunctionId, faultHeader, type ServedDeployment } from "@evenkeel/model";
import { UpstreamError } from "../errors.ts";
import type { HostLink } from "../link/host-link.ts";
import type { Instance, Pool, WaitFailure } from "../link/instance-table.ts";
import { fetchUpstream } from "../upstream/fetch-upstream.ts";
import type { UpstreamAnswer, UpstreamFailure, UpstreamRequest } from "../upstream/forward-options.ts";
import {
  type FunctionFailure,
  failureOfFault,
  failureOfUpstream,
  failureOfWait,
} from "./function-failure.ts";
import { attemptLimit, originOf, waitLimitMs } from "./invocation.ts";

export interface FunctionRequest extends Omit<UpstreamRequest, "deadlineAtMs"> {
  deployment: ServedDeployment;
  function: FunctionId;
  maxDurationS: number;
}

export type FunctionAnswer =
  | { kind: "answer"; answer: UpstreamAnswer }
  | { kind: "failure"; failure: FunctionFailure };

/** A request of the edge's own to a function: to render a page, to run a middleware, to fetch an image. */
export async function fetchFunction(link: HostLink, request: FunctionRequest): Promise<FunctionAnswer> {
  const pool = link.pool(request.deployment.id, request.function);
  let except: Instance | undefined;
  for (let attempt = 1; ; attempt++) {
    const taken = await takeInstance(link, pool, except);
    if ("kind" in taken) return { kind: "failure", failure: failureOfWait(taken) };
    try {
      const deadlineAtMs = performance.now() + request.maxDurationS * 1_000;
      const answer = await fetchUpstream(originOf(taken), { ...request, deadlineAtMs });
      const fault = answer.headers.find(([name]) => name === faultHeader)?.[1];
      if (fault !== undefined) return { kind: "failure", failure: failureOfFault(fault, answer.body) };
      return { kind: "answer", answer };
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      if (error.kind === "connect" && attempt < attemptLimit) {
        link.suspect(taken);
        except = taken;
      } else {
        const kind = error.kind as UpstreamFailure["kind"];
        if (kind === "deadline" || kind === "head_deadline") link.overdue(taken);
        const failure = failureOfUpstream({ kind, message: error.message, mayRetry: false });
        return { kind: "failure", failure };
      }
    } finally {
      link.release(taken);
    }
  }
}

export async function takeInstance(
  link: HostLink,
  pool: Pool,
  except?: Instance,
): Promise<Instance | WaitFailure> {
  const ready = link.take(pool, except);
  if (ready) return ready;
  return await new Promise((resolve) => {
    link.wait(pool, {
      untilMs: performance.now() + waitLimitMs,
      onInstance: resolve,
      onWaitFailed: resolve,
    });
  });
}
