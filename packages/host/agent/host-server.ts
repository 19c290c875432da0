import {
  type ControlToHost,
  type EdgeToHost,
  errorJson,
  type HostToControl,
  type HostToEdge,
  type HostToRunner,
  type HostToTelemetry,
  type RunnerToHost,
  type TelemetryToHost,
} from "@evenkeel/model";
import { listenForMessages, type MessageConnection } from "@evenkeel/wire";
import type { EdgeConnections } from "./edge-connections.ts";
import type { Host } from "./host.ts";

type In = EdgeToHost | ControlToHost | RunnerToHost | TelemetryToHost;
type Out = HostToEdge | HostToControl | HostToRunner | HostToTelemetry;
type Connection = MessageConnection<In, Out>;

/** The host's end of `host-protocol.ts`: who is connected, and which of the host's actions a message means. */
export class HostServer {
  constructor(
    private readonly host: Host,
    private readonly edges: EdgeConnections,
  ) {}

  listen(path: string): void {
    listenForMessages<In, Out>(path, (connection) => {
      connection.onMessage = (message) => {
        if (message.type !== "hello") return;
        if (message.role === "edge") this.serveEdge(connection);
        else if (message.role === "runner")
          this.host.runs.serve(connection as MessageConnection<RunnerToHost, HostToRunner>);
        else if (message.role === "telemetry") this.serveTelemetry(connection);
        else this.serveControl(connection);
      };
    });
  }

  private serveEdge(any: Connection): void {
    const connection = any as MessageConnection<EdgeToHost, HostToEdge>;
    this.edges.add(connection);
    connection.onClose = () => this.edges.remove(connection);
    connection.onMessage = (message) => {
      switch (message.type) {
        case "need":
          this.host.need(message.deployment, message.function, message.waiting);
          break;
        case "load":
          this.edges.load(connection, message.inFlight, message.used);
          break;
        case "drained":
          this.edges.drained(connection, message.instance);
          break;
        case "overdue":
          this.host.overdue(message.instance);
          break;
      }
    };
    for (const instance of this.host.running()) connection.send({ type: "instance", instance });
  }

  private serveTelemetry(any: Connection): void {
    const connection = any as MessageConnection<TelemetryToHost, HostToTelemetry>;
    connection.onMessage = (message) => {
      if (message.type === "hello") return;
      const secrets = this.host.secretsOf(message.deployment);
      connection.send({ type: "secrets", id: message.id, ...(secrets && { secrets }) });
    };
  }

  private serveControl(any: Connection): void {
    const connection = any as MessageConnection<ControlToHost, HostToControl>;
    connection.onMessage = async (message) => {
      if (message.type === "hello") return;
      const reply: HostToControl = { type: "reply", id: message.id };
      try {
        if (message.type === "prepare") await this.host.prepare(message.deployment, message.function);
        else if (message.type === "stop") await this.host.stopDeployment(message.deployment);
        else if (message.type === "rekey") this.host.rekey();
        else if (message.type === "processes") reply.processes = this.host.services.reports(message.app);
        else if (message.type === "restart")
          await this.host.services.restart(message.app, message.environment, message.process);
        else reply.instances = this.host.reports();
      } catch (error) {
        reply.error = errorJson(error);
      }
      connection.send(reply);
    };
  }
}
