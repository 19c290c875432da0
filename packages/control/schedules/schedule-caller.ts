import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { scheduleCallHeader, signScheduleCall } from "@evenkeel/model";
import type { Place } from "../apps/hosts.ts";
import { authority } from "../apps/hosts.ts";
import type { ClaimedRun } from "./claim-runs.ts";
import type { CallOutcome } from "./run-store.ts";

/** Over the function's own limit, which the edge keeps: starts of instances are not in it. */
const startAllowanceMs = 30_000;
/** While edges are restarted nobody listens for a moment; nothing was asked yet. */
const connectLimitMs = 30_000;

export interface CallTarget {
  /** Of the deployment itself: a release in this very moment leads no call to a deployment with another secret. */
  host: string;
  secret: string | undefined;
}

/**
 * Calls scheduled routes as Vercel does: a request with `vercel-cron/1.0` and the app's secret at the deployment's own host, through an edge.
 * Redirects are not followed: they are the answer, and no success. https://vercel.com/docs/cron-jobs/manage-cron-jobs#cron-jobs-and-redirects
 */
export class ScheduleCaller {
  constructor(
    private readonly address: string,
    private readonly place: Place,
    private readonly key: Uint8Array,
  ) {}

  /** Resolves when the answer has ended, whatever it is. @throws the signal's reason */
  async call(run: ClaimedRun, target: CallTarget, signal: AbortSignal): Promise<CallOutcome> {
    const startedAtMs = performance.now();
    const limitMs = run.limitMs ?? run.definition.maxDurationS * 1_000 + startAllowanceMs;
    for (let pauseMs = 50; ; pauseMs = Math.min(1_000, pauseMs * 2)) {
      const answer = await this.ask(run, target, AbortSignal.any([signal, AbortSignal.timeout(limitMs)]));
      signal.throwIfAborted();
      const durationMs = performance.now() - startedAtMs;
      if (answer !== "refused") return { ...answer, durationMs };
      if (durationMs + pauseMs > Math.min(limitMs, connectLimitMs)) {
        return { reason: "no_edge", durationMs };
      }
      await Bun.sleep(pauseMs);
    }
  }

  private ask(
    { id, definition, scheduledAtMs }: ClaimedRun,
    { host, secret }: CallTarget,
    signal: AbortSignal,
  ): Promise<Omit<CallOutcome, "durationMs"> | "refused"> {
    const { promise, resolve } = Promise.withResolvers<Omit<CallOutcome, "durationMs"> | "refused">();
    const { name: job, cron: schedule, path, method } = definition;
    const call: ClientRequest = request({
      ...{ host: this.address, port: this.place.port, path, method, agent: false, signal },
      headers: {
        host: authority(host, this.place),
        "user-agent": "vercel-cron/1.0",
        accept: "*/*",
        ...(method === "GET" || method === "HEAD" ? {} : { "content-length": "0" }),
        ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
        [scheduleCallHeader]: signScheduleCall(this.key, {
          host,
          job,
          schedule,
          executionId: id,
          scheduledAtMs,
        }),
      },
    });
    call.on("response", (response) => {
      response.resume();
      const head = { httpStatus: response.statusCode!, ...requestIdOf(response) };
      response.on("end", () => resolve({ ...head, ...reasonOf(response) }));
      response.on("error", () => resolve({ ...head, reason: brokenReason(signal) }));
      response.on("close", () => resolve({ ...head, reason: brokenReason(signal) }));
    });
    call.on("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code === "ECONNREFUSED" ? "refused" : { reason: brokenReason(signal) }),
    );
    call.end();
    return promise;
  }
}

const brokenReason = (signal: AbortSignal): string => (signal.aborted ? "timed_out" : "connection_lost");

function reasonOf({ statusCode, headers }: IncomingMessage): { reason?: string } {
  const status = statusCode!;
  if (status >= 200 && status < 300) return {};
  if (headers["x-vercel-error"] === "FUNCTION_INVOCATION_TIMEOUT") return { reason: "timed_out" };
  return { reason: status >= 300 && status < 400 ? "redirected" : "status" };
}

function requestIdOf({ headers }: IncomingMessage): { requestId?: string } {
  const id = headers["x-vercel-id"];
  return typeof id === "string" ? { requestId: id.slice(0, 200) } : {};
}
