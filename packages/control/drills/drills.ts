import {
  type AppEnvironment,
  type AppName,
  type DatabaseProgress,
  type DrillFindings,
  errorJson,
  keeperScenarios,
  randomId,
} from "@evenkeel/model";
import type { DrillScenario, RunbookPlan } from "@evenkeel/runbook";
import type { ContinuityReport, Drill, IncidentActor } from "../api/contract/index.ts";
import { record } from "../audit/audit-log.ts";
import type { Database } from "../database/database.ts";
import { hasDatabase } from "../databases/database-store.ts";
import type { DatabasesLink } from "../databases/databases-link.ts";
import { DatabasesUnreachableError, DatabaseUnavailableError, DrillUnderWayError } from "../errors.ts";
import type { EventBus } from "../events/event-bus.ts";
import { platformActor } from "../incidents/actor.ts";
import type { Incidents } from "../incidents/incidents.ts";
import { deploymentRunbook, releasedIn, watchedEnvironments } from "../runbook/runbook-store.ts";
import type { SandboxLink } from "../sandbox/sandbox-link.ts";
import type { Vault } from "../vault/vault.ts";
import { continuityReport } from "./continuity-report.ts";
import { drillDueMs } from "./drill-due.ts";
import { drillObjectives } from "./drill-objectives.ts";
import { drillProvider } from "./drill-provider.ts";
import { drillSecrets } from "./drill-secrets.ts";
import { listDrills, noteArchived, runningDrills, unarchivedDrills, writeDrill } from "./drill-store.ts";

export interface DrillParts {
  database: Database;
  databases: DatabasesLink;
  vault: Vault;
  sandbox: SandboxLink;
  incidents: Pick<Incidents, "report" | "recovered">;
  events: Pick<EventBus, "publish">;
}

type OnProgress = (progress: DatabaseProgress) => void;

const lookEveryMs = 10 * 60_000;
const mostOfReport = 200;

/**
 * Rehearsals of disasters, on copies. The row is there before anything is done; it ends as `passed` only when every step ran and no objective of the
 * runbook was missed. What a crash interrupted has failed.
 */
export class Drills {
  private readonly running = new Set<string>();
  private timer: ReturnType<typeof setInterval> | undefined;
  private scheduled: Promise<void> = Promise.resolve();

  constructor(private readonly parts: DrillParts) {}

  /** Judges what was interrupted, and begins the schedule. */
  async start(): Promise<void> {
    for (const drill of await runningDrills(this.parts.database)) {
      const failure = {
        step: "the drill itself",
        code: "drill_interrupted",
        message: "The control plane was ended while it ran",
      };
      await this.end({
        ...drill,
        state: "failed",
        failures: [...drill.failures, failure],
        finishedMs: Date.now(),
      });
    }
    this.timer = setInterval(() => {
      this.scheduled = this.scheduled.then(() => this.runDue()).catch((error) => this.complain(error));
    }, lookEveryMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Never fails by what the drill finds. @throws DrillUnderWayError */
  async run(
    of: AppEnvironment,
    scenario: DrillScenario,
    by: { actor: IncidentActor; trigger: Drill["trigger"] },
    onProgress: OnProgress,
  ): Promise<Drill> {
    const key = `${of.app}/${of.environment}`;
    if (this.running.has(key)) throw new DrillUnderWayError(of.app, of.environment);
    this.running.add(key);
    try {
      return await this.runOnce(of, scenario, by, onProgress);
    } finally {
      this.running.delete(key);
    }
  }

  private async runOnce(
    { app, environment }: AppEnvironment,
    scenario: DrillScenario,
    { actor, trigger }: { actor: IncidentActor; trigger: Drill["trigger"] },
    onProgress: OnProgress,
  ): Promise<Drill> {
    const { database, events } = this.parts;
    const plan = await this.planOf({ app, environment });
    const begun: Drill = {
      ...{
        id: randomId(10),
        app,
        environment,
        scenario,
        trigger,
        actor,
        state: "running",
        startedMs: Date.now(),
      },
      ...{ objectives: plan ? drillObjectives(plan, scenario) : {}, steps: [], failures: [] },
    };
    await writeDrill(database, begun);
    events.publish({ kind: "drill", app, environment, id: begun.id });
    const findings = await this.rehearse(begun, plan, onProgress).catch((error): DrillFindings => {
      const { code, message } = errorJson(error);
      return { steps: [], failures: [{ step: "the drill itself", code, message }] };
    });
    return this.end(judge({ ...begun, ...findings, finishedMs: Date.now() }));
  }

  private async rehearse(
    drill: Drill,
    plan: RunbookPlan | undefined,
    onProgress: OnProgress,
  ): Promise<DrillFindings> {
    const { app, environment, scenario, id } = drill;
    const { database, databases } = this.parts;
    if (scenario === "critical_service_down")
      return drillProvider(this.parts, { app, environment }, plan, onProgress);
    const keeper = keeperScenarios.find((each) => each === scenario)!;
    const secrets =
      scenario === "security_incident"
        ? await drillSecrets(this.parts, { app, environment }, onProgress)
        : undefined;
    // Without a database there are only the secrets.
    if (secrets && !(await hasDatabase(database, { app, environment }))) return secrets;
    const { drill: found } = await databases.ask(
      { type: "drill", scenario: keeper, drill: id, app, environment },
      onProgress,
    );
    if (!secrets) return found!;
    return {
      steps: [...secrets.steps, ...found!.steps],
      failures: [...secrets.failures, ...found!.failures],
      ...(found!.rtoMs === undefined ? {} : { rtoMs: found!.rtoMs + (secrets.rtoMs ?? 0) }),
    };
  }

  private async end(drill: Drill): Promise<Drill> {
    const { database, events, incidents } = this.parts;
    const { app, environment, scenario, state, id, actor, rpoMs, rtoMs, trigger } = drill;
    await database.transaction(async (connection) => {
      await writeDrill(connection, drill);
      const detail = { environment, scenario, state, trigger, rpoMs: rpoMs ?? null, rtoMs: rtoMs ?? null };
      await record(connection, { who: actor.name, action: "drill.run", app, object: id, detail });
    });
    events.publish({ kind: "drill", app, environment, id });
    await this.archive();
    const trouble = { app, environment, source: "drill" as const, component: scenario, key: scenario };
    if (state === "passed") await incidents.recovered(trouble).catch((error) => this.complain(error));
    else if (trigger === "scheduled")
      await incidents
        .report({
          ...trouble,
          severity: "minor",
          title: `The drill of ${scenario} failed`,
          evidence: { drill: id, failures: drill.failures },
        })
        .catch((error) => this.complain(error));
    return drill;
  }

  /** The record as an object of the database's archive; what cannot be kept there now is kept with the next one. */
  private async archive(): Promise<void> {
    const { database, databases } = this.parts;
    for (const drill of await unarchivedDrills(database)) {
      const { app, environment, id } = drill;
      try {
        if (!(await hasDatabase(database, { app, environment }))) continue;
        await databases.ask({
          type: "keepDrill",
          drill: id,
          record: JSON.stringify(drill),
          app,
          environment,
        });
        await noteArchived(database, drill);
      } catch (error) {
        this.complain(error);
      }
    }
  }

  private async runDue(): Promise<void> {
    for (const { app, environment, releasedAt } of await watchedEnvironments(this.parts.database)) {
      if (environment !== "production") continue;
      const plan = await this.planOf({ app, environment });
      for (const wanted of plan?.recovery.scenarios ?? []) {
        const [last] = await listDrills(this.parts.database, { app, scenario: wanted.name, limit: 1 });
        if (last?.state === "running" || drillDueMs(wanted, last, releasedAt.getTime()) > Date.now())
          continue;
        await this.run(
          { app, environment },
          wanted.name,
          { actor: platformActor("drills"), trigger: "scheduled" },
          () => {},
        );
      }
    }
  }

  async report(app: AppName): Promise<ContinuityReport> {
    const { database, databases } = this.parts;
    const of: AppEnvironment = { app, environment: "production" };
    const released = await releasedIn(database, app, "production");
    const drills = await listDrills(database, { app, limit: mostOfReport });
    const { databases: reports = [] } = (await hasDatabase(database, of))
      ? await databases.ask({ type: "list" })
      : {};
    return continuityReport({
      ...{
        app,
        plan: await this.planOf(of),
        sinceMs: released?.releasedAt.getTime() ?? Date.now(),
        nowMs: Date.now(),
      },
      drills: drills.filter(({ environment }) => environment === "production"),
      hasStandby: reports.some((one) => one.app === app && one.environment === "production" && one.standby),
    });
  }

  private async planOf({ app, environment }: AppEnvironment): Promise<RunbookPlan | undefined> {
    const released = await releasedIn(this.parts.database, app, environment);
    return released?.hasRunbook
      ? (await deploymentRunbook(this.parts.database, released.deployment))?.plan
      : undefined;
  }

  private complain(error: unknown): void {
    if (error instanceof DatabaseUnavailableError || error instanceof DatabasesUnreachableError) return;
    console.error(`control: drills: ${error instanceof Error ? error.stack : error}`);
  }
}

/** Passed where every step ran, and what the runbook asks for was measured and met. Pure. */
export function judge(drill: Drill): Drill {
  const { objectives, rpoMs, rtoMs } = drill;
  const failures = [...drill.failures];
  const miss = (name: string, objectiveMs: number | undefined, measuredMs: number | undefined) => {
    if (objectiveMs === undefined || (measuredMs !== undefined && measuredMs <= objectiveMs)) return;
    const measured = measuredMs === undefined ? "nothing was measured" : `${measuredMs} ms were measured`;
    failures.push({
      step: "objectives",
      code: "objective_missed",
      message: `${name}: at most ${objectiveMs} ms, and ${measured}`,
    });
  };
  miss("Recovery time", objectives.rtoMs, rtoMs);
  miss("Data lost", objectives.rpoMs, rpoMs);
  return { ...drill, failures, state: failures.length === 0 ? "passed" : "failed" };
}
