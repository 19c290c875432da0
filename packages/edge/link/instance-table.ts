import type { DeploymentId, ErrorJson, FunctionId, InstanceId, RunningInstance } from "@evenkeel/model";

/** One running instance as this edge sees it. */
export interface Instance {
  readonly id: InstanceId;
  readonly socketPath: string;
  /** Instead of the socket. */
  readonly port: number | undefined;
  readonly pool: Pool;
  inFlight: number;
  /** It took a request since `takeUsed` was last called. */
  used: boolean;
  /** `ready`: takes requests. `draining`: only finishes those it has. `lost`: the host does not know it any more. */
  state: "ready" | "draining" | "lost";
  /** `performance.now()` until which it is only taken when there is no other: a connection to it failed. */
  suspectUntilMs: number;
}

/** The instances of one function of one deployment, and the requests that wait for one. */
export interface Pool {
  readonly deployment: DeploymentId;
  readonly function: FunctionId;
  readonly ready: Instance[];
  readonly waiting: Waiter[];
}

export interface Waiter {
  /** An instance is there; it was already counted as taken. */
  onInstance(instance: Instance): void;
  onWaitFailed(failure: WaitFailure): void;
  /** `performance.now()` at which waiting ends. */
  untilMs: number;
}

export type WaitFailure =
  /** As many requests wait as are allowed to. */
  | { kind: "queue_full" }
  /** No instance came in time. */
  | { kind: "timeout" }
  /** The host could not start one. */
  | { kind: "start_failed"; error: ErrorJson };

/** Told by the table; the link turns them into messages. */
export interface InstanceTableEvents {
  /** An instance more is wanted in this pool. */
  onNeed(pool: Pool): void;
  /** The number of requests in flight at some instance changed. */
  onLoad(): void;
  /** A draining instance has finished its last request. */
  onDrained(instance: InstanceId): void;
}

/**
 * A second instance is asked for when the least busy one has this many requests in flight. Node answers hundreds of concurrent requests that
 * wait for I/O; with 50, ordinary load tests started instances that brought nothing.
 */
export const busyInFlight = 100;

/** How long an instance is avoided after a connection to it failed. */
const suspicionMs = 1_000;

/** Which instances run, which of them is taken next, and who waits. Pure bookkeeping: no socket, no timer. */
export class InstanceTable {
  private readonly pools = new Map<DeploymentId, Map<FunctionId, Pool>>();
  private readonly instances = new Map<InstanceId, Instance>();
  /** Pools with waiting requests. */
  readonly waitingPools = new Set<Pool>();

  constructor(
    private readonly events: InstanceTableEvents,
    /** Requests that may wait in one pool. */
    private readonly queueLimit = 1_000,
  ) {}

  pool(deployment: DeploymentId, fn: FunctionId): Pool {
    let functions = this.pools.get(deployment);
    if (!functions) {
      functions = new Map();
      this.pools.set(deployment, functions);
    }
    let pool = functions.get(fn);
    if (!pool) {
      pool = { deployment, function: fn, ready: [], waiting: [] };
      functions.set(fn, pool);
    }
    return pool;
  }

  /**
   * The instance with the fewest requests in flight, counted as taken; undefined when none is ready: then `wait`. Whoever takes one must
   * `release` it.
   *
   * @param except an instance that has just failed this request.
   */
  take(pool: Pool, nowMs: number, except?: Instance): Instance | undefined {
    let best: Instance | undefined;
    let bestSuspect = false;
    for (const instance of pool.ready) {
      if (instance === except) continue;
      const suspect = instance.suspectUntilMs > nowMs;
      if (
        !best ||
        (bestSuspect && !suspect) ||
        (bestSuspect === suspect && instance.inFlight < best.inFlight)
      ) {
        best = instance;
        bestSuspect = suspect;
      }
    }
    if (!best) return undefined;
    if (bestSuspect || best.inFlight >= busyInFlight) this.events.onNeed(pool);
    best.inFlight++;
    best.used = true;
    this.events.onLoad();
    return best;
  }

  release(instance: Instance): void {
    instance.inFlight--;
    this.events.onLoad();
    if (instance.inFlight === 0 && instance.state === "draining") this.events.onDrained(instance.id);
  }

  /** A connection to it could not be made. */
  suspect(instance: Instance, nowMs: number): void {
    instance.suspectUntilMs = nowMs + suspicionMs;
  }

  wait(pool: Pool, waiter: Waiter): void {
    if (pool.waiting.length >= this.queueLimit) {
      waiter.onWaitFailed({ kind: "queue_full" });
      return;
    }
    pool.waiting.push(waiter);
    this.waitingPools.add(pool);
    this.events.onNeed(pool);
  }

  /** The client of a waiting request has left. */
  forget(pool: Pool, waiter: Waiter): void {
    const index = pool.waiting.indexOf(waiter);
    if (index !== -1) pool.waiting.splice(index, 1);
    if (pool.waiting.length === 0) this.waitingPools.delete(pool);
  }

  /** Fails those who have waited too long and asks again for the others; to be called each 250 ms while `waitingPools` has any. */
  tick(nowMs: number): void {
    for (const pool of [...this.waitingPools]) {
      const late = pool.waiting.filter((waiter) => waiter.untilMs <= nowMs);
      if (late.length > 0) {
        const rest = pool.waiting.filter((waiter) => waiter.untilMs > nowMs);
        pool.waiting.splice(0, pool.waiting.length, ...rest);
        if (rest.length === 0) this.waitingPools.delete(pool);
        for (const waiter of late) waiter.onWaitFailed({ kind: "timeout" });
      }
      if (pool.waiting.length > 0) this.events.onNeed(pool);
    }
  }

  /** The host tells of an instance, new or known. */
  add(running: RunningInstance): void {
    const known = this.instances.get(running.id);
    if (known) {
      if (known.state === "lost") {
        known.state = "ready";
        known.pool.ready.push(known);
      }
      known.suspectUntilMs = 0;
      this.serveWaiting(known.pool);
      return;
    }
    const pool = this.pool(running.deployment, running.function);
    const instance: Instance = {
      id: running.id,
      socketPath: running.socketPath,
      port: running.port,
      pool,
      inFlight: 0,
      used: false,
      state: "ready",
      suspectUntilMs: 0,
    };
    this.instances.set(instance.id, instance);
    pool.ready.push(instance);
    this.serveWaiting(pool);
  }

  fail(deployment: DeploymentId, fn: FunctionId, error: ErrorJson): void {
    const pool = this.pool(deployment, fn);
    this.waitingPools.delete(pool);
    for (const waiter of pool.waiting.splice(0)) waiter.onWaitFailed({ kind: "start_failed", error });
  }

  drain(id: InstanceId): void {
    const instance = this.instances.get(id);
    if (instance) {
      instance.state = "draining";
      this.withdraw(instance);
    }
    if (!instance || instance.inFlight === 0) this.events.onDrained(id);
  }

  gone(id: InstanceId): void {
    const instance = this.instances.get(id);
    if (!instance) return;
    this.instances.delete(id);
    instance.state = "lost";
    this.withdraw(instance);
  }

  /** Instances that a host, connected anew, has not told of are taken no more. */
  loseAllBut(confirmed: ReadonlySet<InstanceId>): void {
    for (const id of [...this.instances.keys()]) if (!confirmed.has(id)) this.gone(id);
  }

  /** Requests in flight by instance. */
  loads(): Record<InstanceId, number> {
    const loads: Record<string, number> = {};
    for (const instance of this.instances.values()) loads[instance.id] = instance.inFlight;
    return loads;
  }

  /** The instances that took a request since the last call: short ones are rarely in flight when loads are told. */
  takeUsed(): InstanceId[] {
    const used: InstanceId[] = [];
    for (const instance of this.instances.values()) {
      if (instance.used) used.push(instance.id);
      instance.used = false;
    }
    return used;
  }

  /** Drops the empty pools of deployments that exist no more. */
  retain(deployments: ReadonlySet<DeploymentId>): void {
    for (const [deployment, functions] of this.pools) {
      if (deployments.has(deployment)) continue;
      for (const [fn, pool] of functions) {
        if (pool.ready.length === 0 && pool.waiting.length === 0) functions.delete(fn);
      }
      if (functions.size === 0) this.pools.delete(deployment);
    }
  }

  private withdraw(instance: Instance): void {
    const { ready } = instance.pool;
    const index = ready.indexOf(instance);
    if (index !== -1) ready.splice(index, 1);
  }

  private serveWaiting(pool: Pool): void {
    this.waitingPools.delete(pool);
    const nowMs = performance.now();
    for (const waiter of pool.waiting.splice(0)) waiter.onInstance(this.take(pool, nowMs)!);
  }
}
