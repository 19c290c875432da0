import type {
  ControlToHost,
  ErrorJson,
  FeedFromControl,
  FeedToControl,
  HostedDeployment,
  HostToControl,
} from "@evenkeel/model";
import { keepConnected, listenForMessages } from "@evenkeel/wire";

/** A host as control sees one: it knows the environments of deployments and says whether they start. */
export class FakeHost {
  readonly hosted = new Map<string, HostedDeployment>();
  readonly prepared: string[] = [];
  readonly stopped: string[] = [];
  rekeyed = 0;
  /** What the next starts end with; `"wait"` answers when `release` is called. */
  outcome: "ready" | "wait" | ErrorJson = "ready";
  private held: (() => void)[] = [];
  private version = 0;
  private readonly link: { stop(): void };
  private readonly server: { stop(): void };

  constructor(feedSocket: string, hostSocket: string) {
    this.link = keepConnected<FeedFromControl, FeedToControl>(feedSocket, (connection) => {
      connection.onMessage = (message) => {
        for (const hosted of message.hosted ?? []) this.hosted.set(hosted.id, hosted);
        this.version = message.type === "snapshot" ? message.state.version : message.entries.at(-1)!.version;
        connection.send({ type: "ack", version: this.version });
      };
      connection.send({ type: "hello", role: "host", name: "host", version: this.version });
    });
    this.server = listenForMessages<ControlToHost, HostToControl>(hostSocket, (connection) => {
      connection.onMessage = (message) => {
        if (message.type === "hello") return;
        const reply = (rest: Partial<HostToControl> = {}) =>
          connection.send({ type: "reply", id: message.id, ...rest });
        if (message.type === "list") reply({ instances: [] });
        else if (message.type === "rekey") {
          this.rekeyed++;
          reply();
        } else if (message.type === "stop") {
          this.stopped.push(message.deployment);
          reply();
        } else {
          this.prepared.push(message.deployment);
          const { outcome } = this;
          if (!this.hosted.has(message.deployment)) {
            reply({ error: { code: "deployment_unknown", message: "The host does not know it" } });
          } else if (outcome === "ready") reply();
          else if (outcome === "wait") this.held.push(reply);
          else reply({ error: outcome });
        }
      };
    });
  }

  release(): void {
    this.outcome = "ready";
    for (const reply of this.held) reply();
    this.held = [];
  }

  stop(): void {
    this.link.stop();
    this.server.stop();
  }
}
