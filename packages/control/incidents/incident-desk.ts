import type { AppEnvironment, HomeLayout } from "@evenkeel/model";
import type { SignalsClient } from "@evenkeel/signals/client/signals-client";
import type { HealthCheck } from "../api/contract/index.ts";
import type { Place } from "../apps/hosts.ts";
import type { Database } from "../database/database.ts";
import type { EdgeProbe } from "../edges/edge-probe.ts";
import type { EventBus } from "../events/event-bus.ts";
import { Channels } from "../notifications/channels.ts";
import { NotificationPlanner } from "../notifications/notification-planner.ts";
import { Outbox } from "../notifications/outbox.ts";
import type { SandboxLink } from "../sandbox/sandbox-link.ts";
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
      announce: async () => {},
    });
    this.incidents = new Incidents({
      database,
      plan: (connection, change) => planner.plan(connection, change),
      onCommit: ({ incident: { app, environment, id } }) => {
        this.outbox.nudge();
        this.rounds.nudge();
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
    this.channels = new Channels(parts);
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
  }

  async stop(): Promise<void> {
    this.finder.stop();
    await this.rounds.stop();
    await this.outbox.stop();
  }
}
