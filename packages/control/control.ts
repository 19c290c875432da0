import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { loadOrCreateKey } from "@evenkeel/disk";
import type { DeploymentId, HomeLayout } from "@evenkeel/model";
import { SignalRecorder } from "@evenkeel/signals/client/signal-recorder";
import { SignalsClient } from "@evenkeel/signals/client/signals-client";
import type { Hono } from "hono";
import { approvalHandlers } from "./api/handlers/approvals.ts";
import { appHandlers } from "./api/handlers/apps.ts";
import { blobHandlers } from "./api/handlers/blobs.ts";
import { branchHandlers } from "./api/handlers/branches.ts";
import { configurationHandlers } from "./api/handlers/configuration.ts";
import type { ControlParts } from "./api/handlers/control-parts.ts";
import { databaseHandlers } from "./api/handlers/databases.ts";
import { deploymentHandlers } from "./api/handlers/deployments.ts";
import { deviceLoginHandlers } from "./api/handlers/device-logins.ts";
import { drainHandlers } from "./api/handlers/drains.ts";
import { drillHandlers } from "./api/handlers/drills.ts";
import { eventHandlers } from "./api/handlers/events.ts";
import { exportHandlers } from "./api/handlers/exports.ts";
import { flagHandlers } from "./api/handlers/flags.ts";
import { healthHandlers } from "./api/handlers/health.ts";
import { incidentHandlers } from "./api/handlers/incidents.ts";
import { logHandlers } from "./api/handlers/logs.ts";
import { migrationHandlers } from "./api/handlers/migrations.ts";
import { modeHandlers } from "./api/handlers/modes.ts";
import { notificationHandlers } from "./api/handlers/notifications.ts";
import { overviewHandlers } from "./api/handlers/overview.ts";
import { peopleHandlers } from "./api/handlers/people.ts";
import { platformHandlers } from "./api/handlers/platform.ts";
import { processHandlers } from "./api/handlers/processes.ts";
import { pushHandlers } from "./api/handlers/pushes.ts";
import { releasePlanHandlers } from "./api/handlers/release-plan.ts";
import { releaseRuleHandlers } from "./api/handlers/release-rules.ts";
import { releaseHandlers } from "./api/handlers/releases.ts";
import { runbookHandlers } from "./api/handlers/runbooks.ts";
import { scheduleHandlers } from "./api/handlers/schedules.ts";
import { signalHandlers } from "./api/handlers/signals.ts";
import { stagedReleaseHandlers } from "./api/handlers/staged-releases.ts";
import { standbyHandlers } from "./api/handlers/standbys.ts";
import { telemetryHandlers } from "./api/handlers/telemetry.ts";
import { verificationHandlers } from "./api/handlers/verifications.ts";
import { makeApi } from "./api/server.ts";
import { ApprovalDesk } from "./approvals/approval-desk.ts";
import type { Place } from "./apps/hosts.ts";
import { BlobsLink } from "./blobs/blobs-link.ts";
import { resumeBucketRemovals } from "./blobs/bucket-store.ts";
import { Database } from "./database/database.ts";
import { migrate } from "./database/migrate.ts";
import { Branches } from "./databases/branches.ts";
import { DatabaseRemover } from "./databases/database-remover.ts";
import { DatabasesLink } from "./databases/databases-link.ts";
import { Evidence } from "./databases/evidence.ts";
import { Failovers } from "./databases/failovers.ts";
import { hostedDeployments } from "./deployments/deployment-environment.ts";
import { Drains } from "./drains/drains.ts";
import { Drills } from "./drills/drills.ts";
import { EdgeProbe } from "./edges/edge-probe.ts";
import { DatabaseUnavailableError } from "./errors.ts";
import { EventBus } from "./events/event-bus.ts";
import { TelemetryExports } from "./exports/telemetry-exports.ts";
import { FallbackWatcher } from "./fallback/fallback-watcher.ts";
import { serveGit } from "./git/git-api.ts";
import { PushReceiver } from "./git/push-receiver.ts";
import { PushRegistry } from "./git/push-registry.ts";
import { HealthChecker } from "./health/health-checker.ts";
import { platformActor } from "./incidents/actor.ts";
import { IncidentDesk } from "./incidents/incident-desk.ts";
import { HostLink } from "./instances/host-link.ts";
import { BuildLogs } from "./logs/build-log.ts";
import { People } from "./people/people.ts";
import { Pipeline } from "./pipeline/pipeline.ts";
import { ProgressHub } from "./pipeline/progress-hub.ts";
import { Turns } from "./pipeline/turns.ts";
import { platformAlerts } from "./protection/platform-alerts.ts";
import { Releaser } from "./releases/releaser.ts";
import { Sweeper } from "./retention/sweeper.ts";
import { RunbookWatcher } from "./runbook/runbook-watcher.ts";
import { SandboxLink } from "./sandbox/sandbox-link.ts";
import { CallTargets } from "./schedules/call-targets.ts";
import { ScheduleCaller } from "./schedules/schedule-caller.ts";
import { ScheduleMeasures } from "./schedules/schedule-measures.ts";
import { Scheduler } from "./schedules/scheduler.ts";
import { schedulerBeat } from "./schedules/scheduler-beat.ts";
import { Feed } from "./serving/feed.ts";
import { Serving } from "./serving/serving.ts";
import { entriesAfter, loadServing } from "./serving/serving-log.ts";
import { StagedReleases } from "./staged/staged-releases.ts";
import { serveSubscriptions } from "./status-page/subscription-routes.ts";
import { BudgetWatch } from "./telemetry/budget-watch.ts";
import { TelemetryLink } from "./telemetry/telemetry-link.ts";
import { AdminToken } from "./tokens/admin-token.ts";
import { Authenticator } from "./tokens/authenticator.ts";
import { Configurer } from "./variables/configurer.ts";
import { OverlapEnder } from "./variables/overlap-ender.ts";
import { KeyRotation } from "./vault/key-rotation.ts";
import { Vault } from "./vault/vault.ts";

export interface ControlOptions {
  layout: HomeLayout;
  place: Place;
  /** On which the edges listen. */
  address: string;
  databaseUrl: string;
  /** Builds at once; default one for two cores. */
  builds?: number;
}

/** Scheduled calls may end in it; the supervisor waits a little longer for control. */
const callGraceMs = 7_000;

/** Answers that need no database. */
const openAlways: ReadonlySet<string> = new Set(["/api/health", "/api/status"]);

/**
 * The control plane of one machine. Its sockets answer at once; until the database does, requests are told so and edges and
 * host go on with what they know.
 */
export class Control {
  readonly parts: ControlParts;
  private readonly sweeper: Sweeper;
  private readonly logs: BuildLogs;
  private readonly overlapEnder: OverlapEnder;
  private readonly budgets: BudgetWatch;
  private readonly fallbacks: FallbackWatcher;
  private readonly rotationSignal = new AbortController();
  private readonly server: ReturnType<typeof Bun.serve>;
  private opened = false;
  private stopping = false;

  constructor(options: ControlOptions) {
    const { layout, place } = options;
    mkdirSync(layout.run, { recursive: true });
    const events = new EventBus();
    const database = new Database({
      connectionString: options.databaseUrl,
      onChange: (change) => events.publish(change),
    });
    const vault = Vault.open(layout.masterKey);
    const adminToken = new AdminToken(layout.apiToken);
    const people = new People(database, place, layout.peopleKey);
    const approvals = new ApprovalDesk(database);
    const feed = new Feed(layout.feedSocket, {
      load: () => loadServing(database),
      entriesAfter: (version) => entriesAfter(database, version),
      hosted: (ids) => hostedDeployments(database, vault, ids as DeploymentId[]),
    });
    const serving = new Serving(database, feed);
    const host = new HostLink(layout.hostSocket);
    const sandbox = new SandboxLink(layout.sandboxSocket, layout.sandboxRoutes);
    const databases = new DatabasesLink(layout.databasesSocket);
    const blobs = new BlobsLink(layout.blobsAdminSocket);
    const databaseRemover = new DatabaseRemover(database, databases);
    const branches = new Branches(database, databases, place);
    const evidence = new Evidence(database, databases);
    const edge = new EdgeProbe(options.address, place.port, loadOrCreateKey(layout.probeKey));
    const hub = new ProgressHub();
    const signals = new SignalsClient(layout.signalsSocket);
    const telemetry = new TelemetryLink(layout.telemetrySocket);
    const staged = new StagedReleases({
      ...{ database, serving },
      watchSignals: (filter, onSecond) => signals.subscribe(filter, onSecond),
    });
    const releaser = new Releaser({ database, vault, serving, staged, host, edge, place });
    staged.release = (row, who) => releaser.finishStaged(row, who);
    const watcher = new RunbookWatcher({ database, databases, serving, releaser, signals });
    const builds = new Turns(options.builds ?? Math.max(1, Math.floor(cpus().length / 2)));
    this.logs = new BuildLogs(layout);
    const pipeline = new Pipeline(
      {
        layout,
        logs: this.logs,
        place,
        database,
        approvals,
        vault,
        databases,
        blobs,
        branches,
        serving,
        staged,
        releaser,
        host,
        sandbox,
        edge,
        builds,
        imports: new Turns(4),
      },
      hub,
    );
    const configurer = new Configurer({ layout, database, vault, place, pipeline });
    const pushReceiver = new PushReceiver({ layout, place, database, serving, pipeline, branches, hub });
    const measures = new SignalRecorder({
      ...{ socketPath: layout.signalsSocket, origin: "control", name: "control" },
    });
    const scheduler = new Scheduler({
      database,
      caller: new ScheduleCaller(edge.address, place, loadOrCreateKey(layout.scheduleKey)),
      targets: new CallTargets(database, vault),
      onRound: schedulerBeat(layout.schedulerBeat),
      measures: new ScheduleMeasures(measures),
    });
    // A release may bring schedules that are due before the scheduler would look again.
    const health = new HealthChecker({ database, edge, measures });
    staged.faultOf = (deployment) => health.faultOf(deployment);
    const desk = new IncidentDesk({
      ...{ layout, place, database, vault, sandbox, serving, signals, edge, events, watcher, health },
      platformAlerts: () => platformAlerts(databases),
    });
    watcher.enterDegraded = async (of) => {
      const { features = [] } = await desk.modes.enter(of, { mode: "degraded" }, platformActor("runbook"));
      return features;
    };
    serving.onCommit = () => {
      scheduler.nudge();
      watcher.nudge();
      this.fallbacks.nudge();
      health.nudge();
      desk.status.nudge();
    };
    this.parts = {
      ...{
        layout,
        place,
        database,
        vault,
        adminToken,
        events,
        people,
        approvals,
        databases,
        blobs,
        databaseRemover,
        branches,
        evidence,
        drills: new Drills({ database, databases, vault, sandbox, incidents: desk.incidents, events }),
        failovers: new Failovers({ database, databases, incidents: desk.incidents, events }),
        serving,
        host,
        sandbox,
        telemetry,
        releaser,
        staged,
        pipeline,
        configurer,
        keyRotation: new KeyRotation({ layout, database, vault, host, databases }),
        hub,
        pushReceiver,
        signals,
        measures,
        health,
        scheduler,
        watcher,
        desk,
        incidents: desk.incidents,
        channels: desk.channels,
        modes: desk.modes,
        drains: new Drains({ layout, database, vault }),
        exports: new TelemetryExports({ layout, database, vault, signals, telemetry }),
      },
      startedAtMs: Date.now(),
    };
    this.fallbacks = new FallbackWatcher({ database, serving, incidents: desk.incidents, events });
    this.overlapEnder = new OverlapEnder(this.parts);
    this.budgets = new BudgetWatch(telemetry, desk.incidents);
    this.sweeper = new Sweeper(this.parts);
    const authenticator = new Authenticator(adminToken, database, people.sessions);
    this.server = serve(layout.controlSocket, this.makeApi(authenticator, new PushRegistry()));
  }

  /**
   * Waits for the database, brings it up to date, and takes up what was under way.
   *
   * @throws MigrationDriftError
   */
  async open(): Promise<void> {
    const { database, serving, pipeline } = this.parts;
    for (let delayMs = 20; !this.stopping; delayMs = Math.min(500, delayMs * 2)) {
      try {
        await migrate(database);
        await serving.feed.load();
        await this.sweeper.clearLeftovers();
        await this.parts.staged.resume();
        await pipeline.resume();
        await this.parts.databaseRemover.resume();
        await resumeBucketRemovals(database, this.parts.blobs);
        this.takeUpDatabases();
        await this.parts.drains.start();
        await this.parts.exports.start();
        this.opened = true;
        this.sweeper.start();
        this.parts.scheduler.start();
        await this.parts.drills.start();
        this.parts.watcher.start();
        this.fallbacks.start();
        this.overlapEnder.start();
        this.budgets.start();
        this.parts.health.start();
        await this.parts.desk.start();
        void this.parts.keyRotation.resume(this.rotationSignal.signal);
        return;
      } catch (error) {
        if (!(error instanceof DatabaseUnavailableError)) throw error;
        await sleep(delayMs);
      }
    }
  }

  /** What the keeper of databases and we may have missed of each other, now and whenever it is back. */
  private takeUpDatabases(): void {
    const { databases, branches, evidence } = this.parts;
    databases.onConnect = () => {
      void branches.settle();
      void evidence.fetch();
    };
    databases.onConnect();
    evidence.start();
    this.parts.failovers.start();
  }

  /** Jobs are left where they are; the next start resumes them. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.sweeper.stop();
    this.overlapEnder.stop();
    this.budgets.stop();
    this.parts.health.stop();
    this.parts.events.stop();
    this.rotationSignal.abort();
    void this.server.stop();
    await this.parts.desk.stop();
    await this.parts.watcher.stop();
    await this.parts.scheduler.stop(callGraceMs);
    await this.parts.staged.stop();
    await this.parts.pipeline.stop();
    await this.parts.drains.stop();
    await this.parts.exports.stop();
    await this.logs.close();
    this.parts.serving.stop();
    this.parts.host.stop();
    this.parts.failovers.stop();
    this.parts.drills.stop();
    this.fallbacks.stop();
    this.parts.databases.stop();
    this.parts.signals.stop();
    this.parts.measures.stop();
    this.parts.evidence.stop();
    await this.server.stop(true);
    await this.parts.database.stop();
  }

  private makeApi(authenticator: Authenticator, pushes: PushRegistry): Hono {
    const { parts } = this;
    const { database } = parts;
    const handlers = {
      ...platformHandlers(parts),
      ...peopleHandlers(parts),
      ...deviceLoginHandlers(parts),
      ...approvalHandlers(parts),
      ...appHandlers(parts),
      ...deploymentHandlers(parts),
      ...releaseHandlers(parts),
      ...stagedReleaseHandlers(parts),
      ...releaseRuleHandlers(parts),
      ...releasePlanHandlers(parts),
      ...healthHandlers(parts),
      ...incidentHandlers(parts),
      ...notificationHandlers(parts),
      ...modeHandlers(parts),
      ...configurationHandlers(parts),
      ...databaseHandlers(parts),
      ...standbyHandlers(parts),
      ...blobHandlers(parts),
      ...drainHandlers(parts),
      ...drillHandlers(parts),
      ...exportHandlers(parts),
      ...flagHandlers(parts),
      ...branchHandlers(parts),
      ...logHandlers(parts),
      ...migrationHandlers(parts),
      ...verificationHandlers(parts),
      ...scheduleHandlers(parts),
      ...signalHandlers(parts),
      ...runbookHandlers(parts),
      ...processHandlers(parts),
      ...pushHandlers(parts, pushes),
      ...telemetryHandlers(parts),
      ...eventHandlers(parts),
      ...overviewHandlers(parts),
    };
    const refuseUntilOpen = (path: string) => {
      if (!this.opened && !openAlways.has(path)) throw new DatabaseUnavailableError();
    };
    const api = makeApi(handlers, { authenticator, database, pushes }, refuseUntilOpen);
    serveSubscriptions(api, { database, subscriptions: parts.desk.subscriptions });
    serveGit(api, { layout: parts.layout, place: parts.place, database, authenticator, pushes });
    return api;
  }
}

function serve(socketPath: string, api: Hono): ReturnType<typeof Bun.serve> {
  // What a killed process left. The supervisor starts one control at a time.
  rmSync(socketPath, { force: true });
  const server = Bun.serve({
    unix: socketPath,
    fetch: (request: Request) => api.fetch(request),
    // Streams may be silent for as long as a build is; uploads are limited where they are received.
    idleTimeout: 0,
    maxRequestBodySize: 4 * 1024 ** 3,
    development: false,
    // Bun's types know `idleTimeout` for TCP only.
  } as unknown as Bun.Serve.Options<undefined, never>);
  chmodSync(socketPath, 0o600);
  return server;
}
