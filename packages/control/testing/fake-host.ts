import type {
  ControlToHost,
  ErrorJson,
  FeedFromControl,
  FeedToControl,
  HostedDeployment,
  HostToControl,
  HostToRunner,
  OneOffRun,
  RunnerToHost,
  ServedDeployment,
} from "@evenkeel/model";
import { keepConnected, listenForMessages, type MessageConnection } from "@evenkeel/wire";

/** A host as control sees one: it knows the environments of deployments and says whether they start. */
export class FakeHost {
  readonly hosted = new Map<string, HostedDeployment>();
  readonly prepared: string[] = [];
  readonly stopped: string[] = [];
  rekeyed = 0;
  /** What the next starts end with; `"wait"` answers when `release` is called. */
  outcome: "ready" | "wait" | ErrorJson = "ready";
  /** One-off commands that were asked for. */
  readonly runs: OneOffRun[] = [];
  /** What commands that are begun from now on print and end with; `undefined`: they go on until their connection closes. */
  runExit: number | undefined = 0;
  readonly inputs: RunnerToHost[] = [];
  readonly served = new Map<string, ServedDeployment>();
  private held: (() => void)[] = [];
  private version = 0;
  private readonly link: { stop(): void };
  private readonly server: { stop(): void };

  constructor(feedSocket: string, hostSocket: string) {
    this.link = keepConnected<FeedFromControl, FeedToControl>(feedSocket, (connection) => {
      connection.onMessage = (message) => {
        for (const hosted of message.hosted ?? []) this.hosted.set(hosted.id, hosted);
        const changes = message.type === "entries" ? message.entries.flatMap((entry) => entry.changes) : [];
        for (const change of changes) {
          if ("put" in change && change.put === "deployment") {
            this.served.set(change.deployment.id, change.deployment);
          }
        }
        this.version = message.type === "snapshot" ? message.state.version : message.entries.at(-1)!.version;
        connection.send({ type: "ack", version: this.version });
      };
      connection.send({ type: "hello", role: "host", name: "host", version: this.version });
    });
    this.server = listenForMessages<ControlToHost, HostToControl>(hostSocket, (connection) => {
      connection.onMessage = (message) => {
        if (message.type === "hello") {
          if ((message as { role: string }).role === "runner") this.serveRunner(connection as never);
          return;
        }
        const reply = (rest: Partial<HostToControl> = {}) =>
          connection.send({ type: "reply", id: message.id, ...rest });
        if (message.type === "list") reply({ instances: [] });
        else if (message.type === "processes") reply({ processes: [] });
        else if (message.type === "restart") reply();
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

  private serveRunner(connection: MessageConnection<RunnerToHost, HostToRunner>): void {
    connection.onMessage = (message) => {
      if (message.type !== "run") {
        this.inputs.push(message);
        return;
      }
      this.runs.push(message);
      const base64 = Buffer.from(`${message.command.join(" ")} runs\n`).toString("base64");
      connection.send({ type: "output", stream: "stdout", base64 });
      if (this.runExit !== undefined) connection.send({ type: "ended", exit: { exitCode: this.runExit } });
    };
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
