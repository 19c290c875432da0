import {
  type AppName,
  type ControlToHost,
  type DeploymentId,
  type EnvironmentName,
  type HostToControl,
  type InstanceReport,
  type ProcessReport,
  ReportedError,
} from "@evenkeel/model";
import { keepConnected, type MessageConnection } from "@evenkeel/wire";
import { HostUnreachableError } from "../errors.ts";

type Request = Extract<ControlToHost, { id: number }>;
type Ask = { [Type in Request["type"]]: Omit<Extract<Request, { type: Type }>, "id"> }[Request["type"]];

interface Pending {
  ask: Ask;
  resolve(reply: HostToControl): void;
  reject(error: Error): void;
}

/**
 * Control's side of `run/host.sock`. Every request may be asked twice without harm, so one whose connection was lost is asked again
 * when the host is back, until its limit.
 */
export class HostLink {
  private connection: MessageConnection<HostToControl, ControlToHost> | undefined;
  private readonly link: { stop(): void };
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;

  constructor(hostSocket: string) {
    this.link = keepConnected<HostToControl, ControlToHost>(hostSocket, (connection) => {
      this.connection = connection;
      connection.onMessage = (reply) => {
        const pending = this.pending.get(reply.id);
        this.pending.delete(reply.id);
        if (reply.error) pending?.reject(new ReportedError(reply.error, "user"));
        else pending?.resolve(reply);
      };
      connection.onClose = () => {
        if (this.connection === connection) this.connection = undefined;
      };
      connection.send({ type: "hello", role: "control" });
      for (const [id, { ask }] of this.pending) connection.send({ ...ask, id } as ControlToHost);
    });
  }

  /**
   * Resolves when an instance of the deployment is ready; one that already is costs a round trip.
   *
   * @throws ReportedError with the host's code when it cannot start; HostUnreachableError
   */
  async prepare(deployment: DeploymentId, limitMs: number, signal?: AbortSignal): Promise<void> {
    await this.ask({ type: "prepare", deployment }, limitMs, signal);
  }

  /** Drains and ends the deployment's instances. */
  async stopDeployment(deployment: DeploymentId, limitMs: number): Promise<void> {
    await this.ask({ type: "stop", deployment }, limitMs);
  }

  async list(limitMs: number): Promise<InstanceReport[]> {
    return (await this.ask({ type: "list" }, limitMs)).instances ?? [];
  }

  /** Has it seal what it keeps with the newest master key. */
  async rekey(limitMs: number): Promise<void> {
    await this.ask({ type: "rekey" }, limitMs);
  }

  /** The processes of an app's formation. */
  async processes(app: AppName, limitMs: number): Promise<ProcessReport[]> {
    return (await this.ask({ type: "processes", app }, limitMs)).processes ?? [];
  }

  /** @throws ReportedError with the host's code when a new process does not start; HostUnreachableError */
  async restartProcesses(
    app: AppName,
    environment: EnvironmentName,
    process: string | undefined,
    limitMs: number,
  ): Promise<void> {
    await this.ask({ type: "restart", app, environment, ...(process && { process }) }, limitMs);
  }

  stop(): void {
    this.link.stop();
    for (const pending of this.pending.values()) pending.reject(new HostUnreachableError());
    this.pending.clear();
  }

  private async ask(ask: Ask, limitMs: number, signal?: AbortSignal): Promise<HostToControl> {
    signal?.throwIfAborted();
    const id = ++this.lastId;
    const { promise, resolve, reject } = Promise.withResolvers<HostToControl>();
    const timer = setTimeout(() => reject(new HostUnreachableError()), limitMs);
    const abort = () => reject(signal!.reason);
    signal?.addEventListener("abort", abort, { once: true });
    this.pending.set(id, { ask, resolve, reject });
    this.connection?.send({ ...ask, id } as ControlToHost);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      this.pending.delete(id);
    }
  }
}
