import type { AppEnvironment, HomeLayout } from "@evenkeel/model";
import type { SignalsClient } from "@evenkeel/signals/client/signals-client";
import type { HealthCheck } from "../api/contract/index.ts";
import type { Place } from "../apps/hosts.ts";
import type { Database } from "../database/database.ts";
import type { EdgeProbe } from "../edges/edge-probe.ts";
import type { EventBus } from "../events/event-bus.ts";
import { AppModes } from "../modes/app-modes.ts";
import { Channels } from "../notifications/channels.ts";
import { NotificationPlanner } from "../notifications/notification-planner.ts";
import { Outbox } from "../notifications/outbox.ts";
import type { SandboxLink } from "../sandbox/sandbox-link.ts";
import type { Serving } from "../serving/serving.ts";
import { DailyUptime } from "../status-page/daily-uptime.ts";
import { StatusWriter } from "../status-page/status-writer.ts";
import { Subscriptions } from "../status-page/subscriptions.ts";
import type { Vault } from "../vault/vault.ts";
import { IncidentRounds } from "./incident-rounds.ts";
import { openTroubles } from "./incident-store.ts";
import { Incidents } from "./incidents.ts";
import { TroubleFinder, type WatchedFinding } from "./trouble-finder.ts";

export interface DeskParts {
  layout: HomeLayout;
  place: Place;
  database: Database;
  vault: Vault;
  sandbox: SandboxLink;
  serving: Serving;
  signals: SignalsClient;
  edge: EdgeProbe;
  events: EventBus;
  watcher: { findings(): Iterable<WatchedFinding> };
  health: { unwell(): (HealthCheck & AppEnvironment)[] };
  platformAlerts(): Promise<string[]>;
}

/** All that has to do with incidents, put together: who finds them, who counts their time, who is told. */
export class IncidentDesk {
  readonly incidents: Incidents;
  readonly channels: Channels;
  readonly outbox: Outbox;
  readonly subscriptions: Subscriptions;
  readonly status: StatusWriter;
  readonly modes: AppModes;
  private readonly rounds: IncidentRounds;
  private readonly finder: TroubleFinder;
  private platformKey: string | undefined;

  constructor(private readonly parts: DeskParts) {
    const { database, place, events } = parts;
    const planner = new NotificationPlanner({
      place,
      platformKey: async (connection) => {
        this.platformKey ??= (
          await connection.query<{ id: string }>(
            "SELECT system_identifier::text AS id FROM pg_control_system()",
          )
        )[0]!.id;
        return `evenkeel-${this.platformKey}`;
      },
      announce: (connection, incident, event, text, told) =>
        this.subscriptions.announce(connection, incident, event, text, told),
    });
    this.incidents = new Incidents({
      database,
      plan: (connection, change) => planner.plan(connection, change),
      onCommit: ({ incident: { app, environment, id, hasBanner } }) => {
        this.outbox.nudge();
        this.rounds.nudge();
        this.status.nudge();
        this.subscriptions.spread();
        if (hasBanner && app && environment)
          void this.modes
            .refreshBanner({ app, environment })
            .catch((error) => console.error(`control: the banner of ${app}: ${(error as Error).message}`));
        events.publish({
          ...{ kind: "incident", id: String(id) },
          ...(app && { app }),
          ...(environment && { environment }),
        });
      },
    });
    this.rounds = new IncidentRounds({
      ...{ database, planner, incidents: this.incidents },
      onCalled: () => this.outbox.nudge(),
    });
    this.modes = new AppModes({
      ...parts,
      onChange: ({ app, environment }) => {
        this.status.nudge();
        events.publish({ kind: "flag", app, environment });
      },
    });
    this.channels = new Channels(parts);
    this.subscriptions = new Subscriptions({ ...parts, onQueued: () => this.outbox.nudge() });
    const uptime = new DailyUptime(parts.signals);
    this.status = new StatusWriter({ ...parts, uptime: (app) => uptime.of(app) });
    this.outbox = new Outbox({
      ...{ database, channels: this.channels },
      onChannel: (channel, error) => {
        const of = { source: "platform" as const, key: `channel.${channel.id}`, component: "notifications" };
        const told = error
          ? this.incidents.report({
              ...{
                ...of,
                severity: "minor",
                title: `Channel ${channel.name} fails: ${error.message}`.slice(0, 200),
              },
            })
          : this.incidents.recovered(of);
        void told.catch((fault) => console.error(`control: channel ${channel.name}:`, fault));
      },
    });
    this.finder = new TroubleFinder({ ...parts, incidents: this.incidents, domain: place.domain });
  }

  /** Goes on with what a control plane before this one left. */
  async start(): Promise<void> {
    await this.incidents.load();
    this.finder.start(await openTroubles(this.parts.database));
    this.rounds.nudge();
    this.outbox.start();
    this.status.start();
    this.subscriptions.spread();
  }

  async stop(): Promise<void> {
    this.finder.stop();
    await this.rounds.stop();
    await this.status.stop();
    await this.subscriptions.stop();
    await this.outbox.stop();
  }
}
