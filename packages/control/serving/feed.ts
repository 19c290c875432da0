import {
  applyServingEntry,
  type FeedFromControl,
  type FeedToControl,
  type HostedDeployment,
  type ServingEntry,
  type ServingState,
} from "@evenkeel/model";
import { listenForMessages, type MessageConnection } from "@evenkeel/wire";
import type { LoadedServing } from "./serving-log.ts";

/** A subscriber that lets this much pile up does not read; it is cut off and starts anew. */
const queueLimitBytes = 256 * 1024 * 1024;

export interface FeedSource {
  load(): Promise<LoadedServing>;
  entriesAfter(version: number): Promise<ServingEntry[]>;
  /** Environments of deployments, for the host alone. */
  hosted(deployments: string[]): Promise<HostedDeployment[]>;
}

export interface PublishOutcome {
  version: number;
  /** Names of edges. */
  acknowledged: string[];
  /** Connected edges that did not acknowledge within the limit. */
  unconfirmed: string[];
}

export interface SubscriberReport {
  role: "edge" | "host";
  name: string;
  version: number;
  connectedAtMs: number;
}

type Connection = MessageConnection<FeedToControl, FeedFromControl>;

interface Subscriber extends SubscriberReport {
  connection: Connection;
  /** Messages to the host wait for its environments; this keeps their order. */
  turn: Promise<void>;
}

/**
 * Tells edges and host what to serve (`feed-protocol.ts`). The database is the truth; this is its image in memory, so subscribers
 * are served even while the database is away. Whoever commits a version calls `publish`; a version that was committed unseen
 * (the answer to the commit was lost) is found by `catchUp`.
 */
export class Feed {
  private state: ServingState | undefined;
  private entries: ServingEntry[] = [];
  private readonly subscribers = new Set<Subscriber>();
  private readonly waiting = new Set<() => void>();
  private catchingUp: Promise<void> | undefined;
  private readonly server: { stop(): void };

  constructor(
    socketPath: string,
    private readonly source: FeedSource,
  ) {
    this.server = listenForMessages<FeedToControl, FeedFromControl>(socketPath, (connection) =>
      this.open(connection),
    );
  }

  get version(): number {
    return this.state?.version ?? 0;
  }

  get serving(): ServingState | undefined {
    return this.state;
  }

  reports(): SubscriberReport[] {
    return [...this.subscribers].map(({ role, name, version, connectedAtMs }) => ({
      role,
      name,
      version,
      connectedAtMs,
    }));
  }

  /** Loads the image; subscribers that said hello before are answered now. @throws DatabaseUnavailableError */
  async load(): Promise<void> {
    const { state, entries } = await this.source.load();
    this.state = state;
    this.entries = entries;
    for (const subscriber of this.subscribers) this.bringUpToDate(subscriber);
  }

  /** Tells a committed version to all; resolves when every connected edge has it in force, or after `limitMs`. */
  async publish(entry: ServingEntry, limitMs = 2_000): Promise<PublishOutcome> {
    if (this.state && entry.version === this.state.version + 1) this.tell(entry);
    else if (!this.state || entry.version > this.state.version) await this.catchUp();
    return this.acknowledgedBy("edge", entry.version, limitMs);
  }

  /** Reads what was committed beside `publish`; several callers share one reading. */
  catchUp(): Promise<void> {
    this.catchingUp ??= this.readOn().finally(() => {
      this.catchingUp = undefined;
    });
    return this.catchingUp;
  }

  /**
   * Waits until all connected subscribers of the role have the version, or `limitMs` passed.
   *
   * @param atLeast so many have to be connected; default 0
   */
  async acknowledgedBy(
    role: "edge" | "host",
    version: number,
    limitMs: number,
    atLeast = 0,
  ): Promise<PublishOutcome> {
    const ofRole = () => [...this.subscribers].filter((subscriber) => subscriber.role === role);
    const lagging = () => ofRole().filter((subscriber) => subscriber.version < version);
    const complete = () => lagging().length === 0 && ofRole().length >= atLeast;
    if (!complete()) {
      await new Promise<void>((resolve) => {
        const check = () => {
          if (complete()) done();
        };
        const done = () => {
          clearTimeout(timer);
          this.waiting.delete(check);
          resolve();
        };
        const timer = setTimeout(done, limitMs);
        this.waiting.add(check);
      });
    }
    const unconfirmed = lagging().map((subscriber) => subscriber.name);
    const acknowledged = ofRole()
      .filter((subscriber) => subscriber.version >= version)
      .map((subscriber) => subscriber.name);
    return { version, acknowledged, unconfirmed };
  }

  stop(): void {
    this.server.stop();
    for (const { connection } of this.subscribers) connection.close();
  }

  private async readOn(): Promise<void> {
    if (!this.state) return this.load();
    const unseen = await this.source.entriesAfter(this.state.version);
    for (const entry of unseen) {
      if (entry.version === this.state.version + 1) this.tell(entry);
      // Versions in between were compacted away; the image is loaded whole.
      else if (entry.version > this.state.version) return this.load();
    }
  }

  private tell(entry: ServingEntry): void {
    applyServingEntry(this.state!, entry);
    this.entries.push(entry);
    if (this.entries.length > 4_000) this.entries = this.entries.slice(-2_000);
    for (const subscriber of this.subscribers) this.send(subscriber, { type: "entries", entries: [entry] });
  }

  private open(connection: Connection): void {
    let subscriber: Subscriber | undefined;
    connection.onMessage = (message) => {
      if (message.type === "hello") {
        subscriber = {
          role: message.role,
          name: message.name,
          version: message.version,
          connectedAtMs: Date.now(),
          connection,
          turn: Promise.resolve(),
        };
        this.subscribers.add(subscriber);
        this.check();
        if (this.state) this.bringUpToDate(subscriber);
      } else if (message.type === "ack" && subscriber) {
        subscriber.version = message.version;
        this.check();
      }
    };
    connection.onClose = () => {
      if (subscriber) this.subscribers.delete(subscriber);
      this.check();
    };
  }

  private bringUpToDate(subscriber: Subscriber): void {
    const { version } = this.state!;
    const held = subscriber.version;
    const oldest = this.entries[0]?.version ?? version + 1;
    // The host gets everything: what it keeps of environments on disk may be lost or no longer open.
    if (subscriber.role === "host" || held > version || held < oldest - 1) {
      subscriber.version = 0;
      this.send(subscriber, { type: "snapshot", state: structuredClone(this.state!) });
    } else if (held < version) {
      this.send(subscriber, {
        type: "entries",
        entries: this.entries.filter((entry) => entry.version > held),
      });
    }
  }

  private send(subscriber: Subscriber, message: FeedFromControl): void {
    const { connection } = subscriber;
    if (connection.queuedBytes > queueLimitBytes) {
      connection.close();
      return;
    }
    if (subscriber.role === "edge") {
      connection.send(message);
      return;
    }
    subscriber.turn = subscriber.turn.then(async () => {
      const deployments = deploymentsIn(message);
      const hosted = deployments.length > 0 ? await this.hostedPatiently(deployments, connection) : [];
      connection.send({ ...message, hosted });
    });
  }

  /** While the database is away the host goes on with what it has; it gets the rest when the database is back. */
  private async hostedPatiently(deployments: string[], connection: Connection): Promise<HostedDeployment[]> {
    for (let delayMs = 50; !connection.closed; delayMs = Math.min(1_000, delayMs * 2)) {
      try {
        return await this.source.hosted(deployments);
      } catch (error) {
        console.error(
          `control: the host's environments cannot be read: ${error instanceof Error ? error.message : error}`,
        );
        await Bun.sleep(delayMs);
      }
    }
    return [];
  }

  private check(): void {
    for (const check of [...this.waiting]) check();
  }
}

function deploymentsIn(message: FeedFromControl): string[] {
  if (message.type === "snapshot") return Object.keys(message.state.deployments);
  return message.entries.flatMap((entry) =>
    entry.changes.flatMap((change) =>
      "put" in change && change.put === "deployment" ? [change.deployment.id] : [],
    ),
  );
}
