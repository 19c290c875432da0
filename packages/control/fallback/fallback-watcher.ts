import type { AppEnvironment } from "@evenkeel/model";
import type { FallbackPlan } from "@evenkeel/runbook";
import type { Database } from "../database/database.ts";
import { DatabaseUnavailableError } from "../errors.ts";
import type { EventBus } from "../events/event-bus.ts";
import type { Incidents } from "../incidents/incidents.ts";
import { deploymentRunbook, watchedEnvironments } from "../runbook/runbook-store.ts";
import type { Serving } from "../serving/serving.ts";
import { setFallbackFlag } from "./fallback-flag.ts";
import { afterCheck, type FallbackState, firstState } from "./fallback-state.ts";
import { serviceAnswers } from "./service-answers.ts";

export interface FallbackParts {
  database: Database;
  serving: Pick<Serving, "change">;
  incidents: Pick<Incidents, "report" | "recovered">;
  events: Pick<EventBus, "publish">;
}

interface Watched {
  of: AppEnvironment;
  plan: FallbackPlan;
  state: FallbackState;
  /** Of the next check. */
  timer: ReturnType<typeof setTimeout> | undefined;
}

const refreshEveryMs = 10_000;

/**
 * Asks the outside services that runbooks in force have an alternative to, and lets apps change over by their flag while one is down.
 *
 * That it is to be changed is on disk before it is done, and done again after each start: so a flag that was set by a control plane that died is
 * given back by the next one.
 */
export class FallbackWatcher {
  private readonly watched = new Map<string, Watched>();
  private timer: ReturnType<typeof setInterval> | undefined;
  private refreshing: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(private readonly parts: FallbackParts) {}

  start(): void {
    this.timer = setInterval(() => this.nudge(), refreshEveryMs);
    this.nudge();
  }

  /** Something may have been released. */
  nudge(): void {
    if (this.timer !== undefined)
      this.refreshing = this.refreshing.then(() => this.refresh()).catch(complain);
  }

  stop(): void {
    this.stopped = true;
    clearInterval(this.timer);
    for (const { timer } of this.watched.values()) clearTimeout(timer);
  }

  private async refresh(): Promise<void> {
    if (this.stopped) return;
    const { database } = this.parts;
    const wanted = new Map<string, { of: AppEnvironment; plan: FallbackPlan }>();
    for (const { app, environment, deployment } of await watchedEnvironments(database)) {
      const runbook = await deploymentRunbook(database, deployment).catch(() => undefined);
      for (const plan of runbook?.plan.recovery.fallbacks ?? [])
        wanted.set(`${app}/${environment}/${plan.name}`, { of: { app, environment }, plan });
    }
    for (const [key, known] of this.watched) {
      if (JSON.stringify(wanted.get(key)?.plan) === JSON.stringify(known.plan)) continue;
      clearTimeout(known.timer);
      this.watched.delete(key);
      // Nobody would ever give it back.
      if (!wanted.has(key) && known.state.isAway) await this.turn(known, firstState(Date.now()));
    }
    for (const [key, { of, plan }] of wanted) {
      if (this.watched.has(key)) continue;
      const state = (await this.read(of, plan.name)) ?? firstState(Date.now());
      const one: Watched = { of, plan, state, timer: undefined };
      this.watched.set(key, one);
      if (state.isAway) await this.apply(one).catch(complain);
      this.checkLater(one, 0);
    }
  }

  private checkLater(one: Watched, inMs = one.plan.intervalMs): void {
    if (this.stopped) return;
    one.timer = setTimeout(() => {
      void this.check(one)
        .catch(complain)
        .finally(() => {
          if ([...this.watched.values()].includes(one)) this.checkLater(one);
        });
    }, inMs);
  }

  private async check(one: Watched): Promise<void> {
    const answers = await serviceAnswers(one.plan);
    const next = afterCheck(one.state, answers, one.plan, Date.now());
    if (next.isAway === one.state.isAway) one.state = next;
    else await this.turn(one, next);
  }

  /** @throws DatabaseUnavailableError: it is as it was, and the next check does it */
  private async turn(one: Watched, next: FallbackState): Promise<void> {
    const { app, environment } = one.of;
    await this.parts.database.query(
      `INSERT INTO fallbacks (app, environment, name, state) VALUES ($1, $2, $3, $4)
       ON CONFLICT (app, environment, name) DO UPDATE SET state = excluded.state, changed_at = now()`,
      [app, environment, one.plan.name, JSON.stringify(next)],
    );
    one.state = next;
    await this.apply(one);
  }

  private async apply({ of, plan, state }: Watched): Promise<void> {
    const { serving, incidents, events } = this.parts;
    const isThere = await setFallbackFlag(serving, of, plan, state.isAway);
    const host = new URL(plan.url).host;
    const trouble = { ...of, source: "platform" as const, component: host, key: `fallback/${plan.name}` };
    if (state.isAway) {
      await incidents.report({
        ...{ ...trouble, severity: "major", beganAtMs: state.sinceMs },
        title: isThere
          ? `${host} is down; the app uses its alternative`
          : `${host} is down, and the app has no flag ${plan.flag} to change over by`,
        evidence: { url: plan.url, flag: plan.flag, failures: state.failures },
      });
    } else await incidents.recovered(trouble);
    events.publish({ kind: "flag", ...of, id: plan.flag });
  }

  private async read({ app, environment }: AppEnvironment, name: string): Promise<FallbackState | undefined> {
    const [row] = await this.parts.database.query<{ state: FallbackState }>(
      "SELECT state FROM fallbacks WHERE app = $1 AND environment = $2 AND name = $3",
      [app, environment, name],
    );
    return row?.state;
  }
}

function complain(error: unknown): void {
  if (error instanceof DatabaseUnavailableError) return;
  console.error(`control: fallbacks: ${error instanceof Error ? error.stack : error}`);
}
