import { type FunctionId, faultHeader, type ServedDeployment } from "@evenkeel/model";
import type { Exchange } from "../http/exchange.ts";
import type { HostLink } from "../link/host-link.ts";
import type { Instance, Pool, Waiter, WaitFailure } from "../link/instance-table.ts";
import type { TracedCall } from "../trace/request-trace.ts";
import { forward } from "../upstream/forward.ts";
import type {
  ForwardHandler,
  ForwardOptions,
  UpstreamFailure,
  UpstreamHead,
} from "../upstream/forward-options.ts";
import { UpstreamOrigin } from "../upstream/origin.ts";
import {
  type FunctionFailure,
  failureOfFault,
  failureOfUpstream,
  failureOfWait,
} from "./function-failure.ts";

/** How long a request may wait for an instance to become ready, in milliseconds. */
export const waitLimitMs = 60_000;
/** Instances that one request may be sent to, one after another, when it cannot even be connected to the first ones. */
export const attemptLimit = 3;
/** A launcher's report of a fault. */
const faultBytes = 65_536;

const origins = new WeakMap<Instance, UpstreamOrigin>();

/** The connections to an instance. */
export function originOf(instance: Instance): UpstreamOrigin {
  let origin = origins.get(instance);
  if (!origin) {
    const { id, port, socketPath } = instance;
    const address = port === undefined ? { unix: socketPath } : { hostname: "127.0.0.1", port };
    // Servers that are not ours close unused connections without a word, some after 2 s (gunicorn); a POST must not meet that.
    const idle = port === undefined ? {} : { idleTimeoutMs: 1_000 };
    origin = new UpstreamOrigin(address, { name: `instance ${id}`, ...idle });
    origins.set(instance, origin);
  }
  return origin;
}

export interface FunctionCall {
  deployment: ServedDeployment;
  traced: TracedCall;
  function: FunctionId;
  maxDurationS: number;
  /** `maxDurationS` is for the head alone. */
  openEnded?: boolean;
  options: Omit<ForwardOptions, "handler" | "deadlineAtMs" | "headDeadlineAtMs">;
}

/**
 * A client's request on its way through a function: finds an instance or waits for one, tries another where it could not connect, and gives
 * the instance back when the answer is over. States: waiting → sent → settled, with as many turns through the first two as `attemptLimit` has.
 */
export abstract class Invocation implements ForwardHandler, Waiter {
  untilMs = 0;
  private readonly pool: Pool;
  private instance: Instance | undefined;
  private attempts = 0;
  /** Forwards that have failed and were given back already, but are not settled yet. */
  private unsettled = 0;

  constructor(
    private readonly link: HostLink,
    protected readonly exchange: Exchange,
    private readonly call: FunctionCall,
  ) {
    this.pool = link.pool(call.deployment.id, call.function);
  }

  /** The head of the app's own answer. */
  protected abstract answered(head: UpstreamHead): void;
  /** There will be no answer of the app; nothing was sent to the client. */
  protected abstract failed(failure: FunctionFailure): void;

  begin(except?: Instance): void {
    const instance = this.link.take(this.pool, except);
    if (instance) {
      this.send(instance);
      return;
    }
    this.untilMs = performance.now() + waitLimitMs;
    this.call.traced.isColdStart = this.pool.ready.length === 0;
    this.exchange.onAbort(() => this.link.forget(this.pool, this));
    this.link.wait(this.pool, this);
  }

  onInstance(instance: Instance): void {
    this.exchange.onAbort(undefined);
    this.send(instance);
  }

  onWaitFailed(failure: WaitFailure): void {
    this.exchange.onAbort(undefined);
    this.failed(failureOfWait(failure));
  }

  onHead(_exchange: Exchange, head: UpstreamHead): void {
    const fault = head.get(faultHeader);
    this.call.traced.headMs = performance.now();
    this.call.traced.failure = fault;
    if (fault === undefined) this.answered(head);
    else head.take(faultBytes, (_same, body) => this.failed(failureOfFault(fault, body)));
  }

  onSettled(): void {
    if (this.unsettled > 0) this.unsettled--;
    else if (this.instance) {
      const { instance } = this;
      this.call.traced.endMs = performance.now();
      this.instance = undefined;
      this.link.release(instance);
    }
  }

  private send(instance: Instance): void {
    this.instance = instance;
    this.attempts++;
    const { method, target, ownLines, setHeaders, dropHeaders, dropAnswerHeaders, body } = this.call.options;
    const { traced } = this.call;
    traced.sentMs = performance.now();
    traced.attempts = this.attempts;
    traced.instance = instance.id;
    const untilMs = traced.sentMs + this.call.maxDurationS * 1_000;
    // A WebSocket lives as long as both sides want it.
    const headOnly = this.exchange.upgrade !== "" || this.call.openEnded === true;
    forward(this.exchange, originOf(instance), {
      method,
      target,
      ownLines,
      setHeaders,
      dropHeaders,
      dropAnswerHeaders,
      body,
      deadlineAtMs: headOnly ? 0 : untilMs,
      headDeadlineAtMs: headOnly ? untilMs : 0,
      handler: this,
    });
  }

  onFailure(_exchange: Exchange, failure: UpstreamFailure): void {
    const instance = this.instance!;
    this.call.traced.failure = failure.message;
    if (failure.kind === "deadline" || failure.kind === "head_deadline") this.link.overdue(instance);
    const again = failure.kind === "connect" && failure.mayRetry && this.attempts < attemptLimit;
    if (!again) {
      this.failed(failureOfUpstream(failure));
      return;
    }
    this.unsettled++;
    this.instance = undefined;
    this.link.suspect(instance);
    this.link.release(instance);
    this.begin(instance);
  }
}
