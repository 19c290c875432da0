import { type DeploymentId, type ErrorJson, errorJson, type FunctionId } from "@evenkeel/model";
import { BackOff } from "./back-off.ts";
import type { Instance } from "./instance.ts";
import { shouldStart, sufficientInstances } from "./scaling.ts";

/** What a group asks of the host. */
export interface GroupHost {
  /** A new instance in the state `starting`, already on its way. Throws where none can be made. */
  launch(group: FunctionGroup): { instance: Instance; started: Promise<void> };
  /** Whether the machine has room for one more; may end an idle instance of another group for it. */
  makeRoom(group: FunctionGroup): boolean;
  maxInstances(deployment: DeploymentId): number;
  inFlight(instance: Instance): number;
  drain(instance: Instance, reason: string): Promise<void>;
  tellReady(instance: Instance): void;
  tellFailed(group: FunctionGroup, error: ErrorJson): void;
  tellGone(instance: Instance): void;
  /** How long an instance of the deployment is kept without requests. */
  idleMs(deployment: DeploymentId): number;
  /** An instance is started because requests wait for one. */
  noteColdStart(group: FunctionGroup): void;
  /** No starts any more. */
  readonly stopping: boolean;
}

/** Edges hold requests while a start is put off this long; beyond, they get the last failure at once. */
const patienceMs = 1_000;
/** Instances are given up when the highest load of this long did not need them. */
const loadMemoryMs = 60_000;
const forgetAfterMs = 600_000;

/** The instances of one function of one deployment: how many there are, and what follows when one fails. */
export class FunctionGroup {
  readonly instances = new Set<Instance>();
  /** How often an instance was started in place of one that had crashed. */
  restarts = 0;
  private readonly backOff = new BackOff();
  private lastFailure: ErrorJson | undefined;
  private readonly starts = new Set<Promise<void>>();
  private putOff: ReturnType<typeof setTimeout> | undefined;
  private crashed = false;
  private readonly recycling = new Set<Instance>();
  private neededAtMs = Date.now();
  private peaks: { atMs: number; inFlight: number }[] = [];

  constructor(
    readonly deployment: DeploymentId,
    readonly functionId: FunctionId,
    private readonly host: GroupHost,
  ) {}

  count(state: Instance["state"]): number {
    let count = 0;
    for (const instance of this.instances) if (instance.state === state) count++;
    return count;
  }

  /** An edge lacks an instance. */
  need(waiting: number): void {
    const nowMs = Date.now();
    this.neededAtMs = nowMs;
    const newestMs = Math.max(...[...this.instances].map((instance) => instance.readyAtMs), 0);
    const wanted = shouldStart({
      ready: this.count("ready"),
      starting: this.count("starting"),
      waiting,
      sinceReadyMs: newestMs === 0 ? Number.POSITIVE_INFINITY : nowMs - newestMs,
      maxInstances: this.host.maxInstances(this.deployment),
    });
    if (!wanted || this.host.stopping) return;
    const delayMs = this.backOff.remainingMs(nowMs);
    if (delayMs === 0) {
      if (waiting > 0) this.host.noteColdStart(this);
      void this.start().catch(() => {});
    } else if (delayMs <= patienceMs || !this.lastFailure) this.startLater(delayMs);
    else if (this.count("ready") === 0) this.host.tellFailed(this, this.lastFailure);
  }

  /**
   * One instance is ready, or on its way and awaited, whatever failed before.
   *
   * @throws what made the start fail
   */
  async prepare(): Promise<void> {
    for (const instance of this.instances) {
      if (instance.state === "ready") {
        instance.usedAtMs = Date.now();
        return;
      }
    }
    const [running] = this.starts;
    await (running ?? this.start());
  }

  /** Puts another in its place first where it is the only one; a request never finds none. */
  async recycle(instance: Instance, why: string): Promise<void> {
    if (this.recycling.has(instance)) return;
    this.recycling.add(instance);
    instance.note(`The instance is being replaced: ${why}`);
    if (this.count("ready") === 1 && this.count("starting") === 0) await this.start().catch(() => {});
    await this.host.drain(instance, "memory");
    this.recycling.delete(instance);
  }

  /** Ends what is idle, or more than the load needs. To be called each second. */
  sweep(nowMs: number): void {
    const ready = [...this.instances].filter(({ state }) => state === "ready");
    let total = 0;
    for (const instance of ready) {
      const inFlight = this.host.inFlight(instance);
      total += inFlight;
      if (inFlight > 0) instance.usedAtMs = nowMs;
      else if (nowMs - instance.usedAtMs >= this.idleLimitMs(instance))
        void this.host.drain(instance, "idle");
    }
    this.peaks = [
      ...this.peaks.filter(({ atMs }) => nowMs - atMs < loadMemoryMs),
      { atMs: nowMs, inFlight: total },
    ];
    const peak = Math.max(...this.peaks.map(({ inFlight }) => inFlight));
    const settled = ready.every(({ readyAtMs }) => nowMs - readyAtMs >= loadMemoryMs);
    if (!settled || this.count("starting") > 0 || ready.length <= sufficientInstances(peak)) return;
    const newest = ready.sort((one, two) => two.readyAtMs - one.readyAtMs)[0]!;
    if (newest.state === "ready") void this.host.drain(newest, "little load");
  }

  /** Nothing runs and nobody has asked for long: its failures are forgotten with it. */
  isForgettable(nowMs: number): boolean {
    const quiet = this.instances.size === 0 && this.starts.size === 0 && this.putOff === undefined;
    return quiet && nowMs - this.neededAtMs > forgetAfterMs;
  }

  /** Ends all its instances; those that are starting at once. */
  async stop(): Promise<void> {
    clearTimeout(this.putOff);
    this.putOff = undefined;
    this.crashed = false;
    await Promise.all([...this.instances].map((instance) => this.host.drain(instance, "stop")));
  }

  /** Work after the answer (`waitUntil`) is given what a request is given. */
  private idleLimitMs(instance: Instance): number {
    const workMs = instance.background > 0 ? instance.plan.function.maxDurationS * 1_000 : 0;
    return Math.max(workMs, this.host.idleMs(this.deployment));
  }

  private startLater(delayMs: number): void {
    this.putOff ??= setTimeout(() => {
      this.putOff = undefined;
      if (this.host.stopping || this.count("ready") + this.count("starting") > 0) return;
      void this.start().catch(() => {});
    }, delayMs);
  }

  private start(): Promise<void> {
    const start = this.startOne();
    this.starts.add(start);
    const done = () => this.starts.delete(start);
    start.then(done, done);
    return start;
  }

  private async startOne(): Promise<void> {
    let instance: Instance | undefined;
    try {
      if (!this.host.makeRoom(this)) return;
      if (this.crashed) this.restarts++;
      this.crashed = false;
      const launched = this.host.launch(this);
      instance = launched.instance;
      this.instances.add(instance);
      this.watch(instance);
      await launched.started;
      this.lastFailure = undefined;
      this.host.tellReady(instance);
    } catch (error) {
      this.fail(error, 0);
      throw error;
    }
  }

  private watch(instance: Instance): void {
    void instance.ended.then((reason) => {
      this.instances.delete(instance);
      if (instance.readyAtMs === 0) return;
      this.host.tellGone(instance);
      if (!reason) return;
      const nowMs = Date.now();
      const recentlyUsed = nowMs - instance.usedAtMs < this.host.idleMs(this.deployment);
      this.backOff.failed(nowMs, nowMs - instance.readyAtMs);
      this.lastFailure = errorJson(reason);
      this.crashed = true;
      // As many as there were would be started by need; one is kept, so that the next request does not wait.
      if (recentlyUsed && this.count("ready") + this.count("starting") === 0 && !this.host.stopping) {
        this.startLater(this.backOff.remainingMs(nowMs));
      }
    });
  }

  private fail(error: unknown, ranMs: number): void {
    this.lastFailure = errorJson(error);
    const code = this.lastFailure.code;
    // A stop is no fault of the function.
    if (code !== "deployment_stopped") this.backOff.failed(Date.now(), ranMs);
    if (this.count("ready") === 0) this.host.tellFailed(this, this.lastFailure);
  }
}
