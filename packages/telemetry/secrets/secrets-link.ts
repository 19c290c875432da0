import type { DeploymentId, HostToTelemetry, TelemetryToHost } from "@evenkeel/model";
import { keepConnected, type MessageConnection } from "@evenkeel/wire";
import { SecretsUnknownError } from "../errors.ts";

const answerLimitMs = 5_000;

/** Asks the host which values a deployment's telemetry must not be written down with. Connects when it is first asked. */
export class SecretsLink {
  private link: { stop(): void } | undefined;
  private connection: MessageConnection<HostToTelemetry, TelemetryToHost> | undefined;
  private readonly waiting = new Map<
    number,
    { deployment: DeploymentId; take(reply: HostToTelemetry): void }
  >();
  private lastId = 0;

  constructor(private readonly hostSocket: string) {}

  /** By the names of their variables; undefined: the deployment is gone. @throws SecretsUnknownError */
  async of(deployment: DeploymentId): Promise<Record<string, string> | undefined> {
    this.connect();
    const id = ++this.lastId;
    const { promise, resolve, reject } = Promise.withResolvers<HostToTelemetry>();
    const timer = setTimeout(() => reject(new SecretsUnknownError(deployment)), answerLimitMs);
    this.waiting.set(id, { deployment, take: resolve });
    this.connection?.send({ type: "secrets", id, deployment });
    try {
      return (await promise).secrets;
    } finally {
      clearTimeout(timer);
      this.waiting.delete(id);
    }
  }

  stop(): void {
    this.link?.stop();
  }

  private connect(): void {
    this.link ??= keepConnected<HostToTelemetry, TelemetryToHost>(this.hostSocket, (connection) => {
      this.connection = connection;
      connection.onMessage = (reply) => this.waiting.get(reply.id)?.take(reply);
      connection.onClose = () => {
        this.connection = undefined;
      };
      connection.send({ type: "hello", role: "telemetry" });
      for (const [id, { deployment }] of this.waiting) connection.send({ type: "secrets", id, deployment });
    });
  }
}
