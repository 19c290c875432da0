import type { DeploymentId, EdgeToHost, FunctionId, HostToEdge, InstanceId } from "@evenkeel/model";
import { keepConnected, type MessageConnection } from "@evenkeel/wire";
import { type Instance, InstanceTable, type Pool, type Waiter } from "./instance-table.ts";

export interface HostLinkOptions {
  /** Of this edge: `edge-0`. */
  name: string;
  hostSocket: string;
  /** Requests that may wait for an instance of one function; default 1,000. */
  queueLimit?: number;
  /** How long a host that came back may take to tell what runs, in milliseconds; default 2,000. */
  relearnMs?: number;
}

/** How often a lasting need is repeated and loads are told, in milliseconds. */
const reportIntervalMs = 250;

/**
 * The edge's side of `host-protocol.ts`. While the host is away, the instances last known go on being used; those that a host which came
 * back does not name within `relearnMs` are used no more.
 */
export class HostLink {
  private readonly table: InstanceTable;
  private readonly link: { stop(): void };
  private connection: MessageConnection<HostToEdge, EdgeToHost> | undefined;
  private confirmed: Set<InstanceId> | undefined;
  private relearnTimer: ReturnType<typeof setTimeout> | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private loadChanged = false;
  private readonly neededAtMs = new Map<Pool, number>();

  constructor(private readonly options: HostLinkOptions) {
    this.table = new InstanceTable(
      {
        onNeed: (pool) => this.need(pool),
        onLoad: () => {
          this.loadChanged = true;
          if (this.timer === undefined) this.schedule();
        },
        onDrained: (instance) => this.connection?.send({ type: "drained", instance }),
      },
      options.queueLimit,
    );
    this.link = keepConnected<HostToEdge, EdgeToHost>(options.hostSocket, (connection) =>
      this.open(connection),
    );
  }

  get connected(): boolean {
    return this.connection !== undefined;
  }

  pool(deployment: DeploymentId, fn: FunctionId): Pool {
    return this.table.pool(deployment, fn);
  }

  take(pool: Pool, except?: Instance): Instance | undefined {
    return this.table.take(pool, performance.now(), except);
  }

  wait(pool: Pool, waiter: Waiter): void {
    this.table.wait(pool, waiter);
    if (this.timer === undefined) this.schedule();
  }

  forget(pool: Pool, waiter: Waiter): void {
    this.table.forget(pool, waiter);
  }

  suspect(instance: Instance): void {
    this.table.suspect(instance, performance.now());
  }

  /** A request was not answered there in time. */
  overdue(instance: Instance): void {
    this.connection?.send({ type: "overdue", instance: instance.id });
  }

  release(instance: Instance): void {
    this.table.release(instance);
  }

  retain(deployments: ReadonlySet<DeploymentId>): void {
    this.table.retain(deployments);
  }

  stop(): void {
    this.link.stop();
    clearTimeout(this.timer);
    clearTimeout(this.relearnTimer);
    this.timer = undefined;
  }

  private open(connection: MessageConnection<HostToEdge, EdgeToHost>): void {
    this.connection = connection;
    connection.onMessage = (message) => this.receive(message);
    connection.onClose = () => {
      if (this.connection === connection) this.connection = undefined;
      clearTimeout(this.relearnTimer);
    };
    connection.send({ type: "hello", role: "edge", name: this.options.name });
    this.confirmed = new Set();
    this.relearnTimer = setTimeout(() => {
      this.table.loseAllBut(this.confirmed!);
      this.confirmed = undefined;
    }, this.options.relearnMs ?? 2_000);
    this.neededAtMs.clear();
    for (const pool of this.table.waitingPools) this.need(pool);
    this.loadChanged = true;
    if (this.timer === undefined) this.schedule();
  }

  private receive(message: HostToEdge): void {
    switch (message.type) {
      case "instance":
        this.confirmed?.add(message.instance.id);
        this.table.add(message.instance);
        break;
      case "failed":
        this.table.fail(message.deployment, message.function, message.error);
        break;
      case "drain":
        this.confirmed?.add(message.instance);
        this.table.drain(message.instance);
        break;
      case "gone":
        this.table.gone(message.instance);
        break;
    }
  }

  private need(pool: Pool): void {
    const nowMs = performance.now();
    const saidMs = this.neededAtMs.get(pool);
    if (saidMs !== undefined && nowMs - saidMs < reportIntervalMs && pool.waiting.length !== 1) return;
    this.neededAtMs.set(pool, nowMs);
    this.connection?.send({
      type: "need",
      deployment: pool.deployment,
      function: pool.function,
      waiting: pool.waiting.length,
    });
  }

  /** The timer runs only while there is something to tell: an idle edge does nothing at all. */
  private schedule(): void {
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.loadChanged) {
        this.loadChanged = false;
        this.connection?.send({ type: "load", inFlight: this.table.loads(), used: this.table.takeUsed() });
      }
      const nowMs = performance.now();
      this.table.tick(nowMs);
      for (const [pool, saidMs] of this.neededAtMs) {
        if (nowMs - saidMs >= 4 * reportIntervalMs && pool.waiting.length === 0) this.neededAtMs.delete(pool);
      }
      if (this.loadChanged || this.table.waitingPools.size > 0) this.schedule();
    }, reportIntervalMs);
  }
}
