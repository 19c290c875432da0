import { type AppEnvironment, type DeploymentId, Histogram } from "@evenkeel/model";
import type { SignalRecorder } from "@evenkeel/signals/client/signal-recorder";
import type { HealthCheck } from "../api/contract/index.ts";
import type { Database } from "../database/database.ts";
import type { EdgeProbe } from "../edges/edge-probe.ts";
import { DatabaseUnavailableError } from "../errors.ts";
import { expectAnswer } from "../gates/expect-answer.ts";
import { type CheckedDeployment, checkedDeployments, type HealthCheckPlan } from "./checked-deployments.ts";

export interface HealthCheckerParts {
  database: Database;
  edge: EdgeProbe;
  measures: SignalRecorder;
}

/** What is to be checked changes with releases, which nudge, and with settings. */
const lookEveryMs = 10_000;
const keptResults = 60;

interface Result {
  atMs: number;
  latencyMs: number;
  fault?: string;
}

/** One check of one deployment. */
interface Running {
  of: CheckedDeployment;
  plan: HealthCheckPlan;
  /** In a row, until now. */
  failures: number;
  /** Oldest first. */
  results: Result[];
  sinceMs: number;
  abort: AbortController;
}

/**
 * Asks released deployments, and those that are a canary, from outside: through an edge, at their own host names, so that each result is of
 * one deployment. Every result is a signal; the last ones are kept here.
 */
export class HealthChecker {
  private readonly running = new Map<string, Running>();
  private timer: ReturnType<typeof setInterval> | undefined;
  private looking = false;
  private again = false;
  private stopped = false;

  constructor(private readonly parts: HealthCheckerParts) {}

  start(): void {
    this.timer = setInterval(() => this.nudge(), lookEveryMs);
    this.nudge();
  }

  stop(): void {
    this.stopped = true;
    clearInterval(this.timer);
    for (const { abort } of this.running.values()) abort.abort();
    this.running.clear();
  }

  /** A release or a setting may have changed what is to be checked. */
  nudge(): void {
    if (this.looking) {
      this.again = true;
      return;
    }
    this.looking = true;
    void this.look().finally(() => {
      this.looking = false;
      if (this.again) {
        this.again = false;
        this.nudge();
      }
    });
  }

  /** Of an environment, as they are now. */
  checks(app: string, environment: string): HealthCheck[] {
    return [...this.running.values()]
      .filter(({ of }) => of.app === app && of.environment === environment)
      .map(view);
  }

  /** Those that are not known to be well, with whose they are. */
  unwell(): (HealthCheck & AppEnvironment)[] {
    return [...this.running.values()]
      .filter((check) => check.results.length === 0 || isFailing(check))
      .map((check) => ({
        ...{ app: check.of.app, environment: check.of.environment },
        ...view(check),
      }));
  }

  all(): (HealthCheck & { app: string; environment: string })[] {
    return [...this.running.values()].map((check) => ({
      ...view(check),
      ...{ app: check.of.app, environment: check.of.environment },
    }));
  }

  /** All that fail as often in a row as makes a failure. */
  get failing(): HealthCheck[] {
    return [...this.running.values()].filter(isFailing).map(view);
  }

  /** Completes "it …": why a deployment is unhealthy; undefined while it is not known to be. */
  faultOf(deployment: DeploymentId): string | undefined {
    for (const check of this.running.values()) {
      if (check.of.deployment !== deployment || !isFailing(check)) continue;
      const { name, path } = check.plan;
      return `fails its health check ${name}: ${path} ${check.results.at(-1)?.fault}`;
    }
    return undefined;
  }

  private async look(): Promise<void> {
    let wanted: CheckedDeployment[];
    try {
      wanted = await checkedDeployments(this.parts.database);
    } catch (error) {
      // What is known goes on being checked.
      if (!(error instanceof DatabaseUnavailableError)) console.error("control: health checks:", error);
      return;
    }
    if (this.stopped) return;
    const keys = new Set<string>();
    for (const of of wanted) {
      for (const plan of of.checks) {
        const key = `${of.deployment} ${JSON.stringify(plan)}`;
        keys.add(key);
        if (!this.running.has(key)) this.begin(key, of, plan);
      }
    }
    for (const [key, { abort }] of this.running) {
      if (keys.has(key)) continue;
      abort.abort();
      this.running.delete(key);
    }
  }

  private begin(key: string, of: CheckedDeployment, plan: HealthCheckPlan): void {
    const check: Running = {
      ...{ of, plan, failures: 0, results: [], sinceMs: Date.now() },
      abort: new AbortController(),
    };
    this.running.set(key, check);
    void this.repeat(check);
  }

  private async repeat(check: Running): Promise<void> {
    const { plan, of, abort } = check;
    const { signal } = abort;
    while (!signal.aborted) {
      const startedAtMs = performance.now();
      try {
        const { latencyMs, fault } = await expectAnswer(this.parts.edge, of.host, plan, signal);
        this.note(check, { atMs: Date.now(), latencyMs, ...(fault !== undefined && { fault }) });
      } catch (error) {
        if (signal.aborted) return;
        console.error(`control: health check ${plan.name} of ${of.deployment}:`, error);
      }
      await pause(Math.max(0, plan.intervalMs - (performance.now() - startedAtMs)), signal);
    }
  }

  private note(check: Running, result: Result): void {
    const { of, plan, results } = check;
    const hadFault = results.at(-1)?.fault !== undefined;
    const hasFault = result.fault !== undefined;
    if (hadFault !== hasFault) check.sinceMs = result.atMs;
    const before = stateOf(check);
    check.failures = hasFault ? check.failures + 1 : 0;
    results.push(result);
    if (results.length > keptResults) results.shift();
    const { app, environment, deployment } = of;
    if (stateOf(check) !== before)
      this.parts.database.publish({ kind: "health", app, environment, id: deployment });
    const scope = { app, environment, deployment, detail: plan.name };
    this.parts.measures.level(scope, "health_check", hasFault ? 0 : 1);
    this.parts.measures.record(scope, "health_check_latency", result.latencyMs);
  }
}

const isFailing = ({ failures, plan }: Running): boolean => failures >= plan.failures;

function stateOf(check: Running): HealthCheck["state"] {
  if (check.results.length === 0) return "unknown";
  return isFailing(check) ? "failing" : check.failures > 0 ? "doubtful" : "passing";
}

function view(check: Running): HealthCheck {
  const { of, plan, failures, results, sinceMs } = check;
  const last = results.at(-1);
  const p95Ms = Histogram.of(results.map(({ latencyMs }) => latencyMs)).percentile(0.95);
  return {
    ...{ name: plan.name, path: plan.path, deployment: of.deployment, intervalMs: plan.intervalMs },
    ...{ failures, tolerated: plan.failures - 1, sinceMs, isCanary: of.isCanary },
    state: stateOf(check),
    ...(last && { checkedAtMs: last.atMs, latencyMs: last.latencyMs }),
    ...(last?.fault !== undefined && { fault: last.fault }),
    ...(p95Ms !== undefined && { p95Ms }),
    results,
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
