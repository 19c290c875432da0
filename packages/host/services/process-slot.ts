import { type DeploymentId, type ErrorJson, errorJson, type ProcessReport } from "@evenkeel/model";
import { CrashBackOff } from "./crash-back-off.ts";
import type { ServiceProcess } from "./service-process.ts";

/** What a slot asks of its owner. */
export interface SlotOwner {
  /** A new process, already on its way. Throws where none can be made. */
  launch(slot: ProcessSlot): ServiceProcess;
  /** Whether it may start now: a worker of another deployment may still have to end. */
  mayStart(slot: ProcessSlot): boolean;
  /** Takes requests away from a process; resolves when those in flight are done. */
  drain(process: ServiceProcess): Promise<void>;
  tellUp(process: ServiceProcess): void;
  tellGone(process: ServiceProcess): void;
  /** Something ended, so another slot may begin. */
  changed(): void;
}

/**
 * One place of a formation, such as `worker.2` of one deployment: keeps its process running while it is wanted, and never has two at
 * once, but for a `web` process that is being replaced.
 */
export class ProcessSlot {
  wanted = false;
  process: ServiceProcess | undefined;
  restarts = 0;
  lastFailure: ErrorJson | undefined;
  /** Its successor runs already. */
  private readonly leaving = new Set<ServiceProcess>();
  private readonly backOff = new CrashBackOff();
  private nextStartAtMs = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private waitingSinceMs = Date.now();

  constructor(
    readonly deployment: DeploymentId,
    readonly type: string,
    readonly number: number,
    private readonly owner: SlotOwner,
  ) {}

  get name(): string {
    return `${this.type}.${this.number}`;
  }

  /** Something of it runs. */
  get occupied(): boolean {
    return this.process !== undefined || this.leaving.size > 0;
  }

  /** Its process has crashed, and is not to be started for a while. */
  get coolsOff(): boolean {
    return this.process === undefined && this.nextStartAtMs > Date.now();
  }

  /** Brings it to what is wanted; to be called whenever that may have changed. */
  tend(): void {
    if (!this.wanted) {
      clearTimeout(this.timer);
      this.timer = undefined;
      const { process } = this;
      if (process && process.state !== "stopping") void this.retire(process);
      return;
    }
    if (this.occupied || this.timer || !this.owner.mayStart(this)) return;
    const waitMs = this.nextStartAtMs - Date.now();
    if (waitMs <= 0) this.begin();
    else {
      this.timer = setTimeout(() => {
        this.timer = undefined;
        this.tend();
      }, waitMs);
    }
  }

  /** Up, whatever failed before. @throws what made the start fail */
  async ready(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.nextStartAtMs = 0;
    this.tend();
    await this.process?.started;
  }

  /** @throws what makes the start of the new process fail; the old `web` process goes on then */
  async restart(beforehand: boolean): Promise<void> {
    const old = this.process;
    this.backOff.forget();
    if (!old) return this.ready();
    if (!beforehand) {
      await old.stop();
      return this.ready();
    }
    const successor = this.launch();
    this.leaving.add(old);
    this.process = successor;
    try {
      await successor.started;
    } catch (error) {
      this.leaving.delete(old);
      if (old.state === "up" && this.process === undefined) this.process = old;
      throw error;
    }
    await this.retire(old);
  }

  adopt(process: ServiceProcess): void {
    this.process = process;
    this.follow(process);
  }

  /** Ends what runs. Resolves when nothing does. */
  async stop(limitMs?: number): Promise<void> {
    this.wanted = false;
    clearTimeout(this.timer);
    this.timer = undefined;
    const all = [...this.leaving, ...(this.process ? [this.process] : [])];
    await Promise.all(all.map((process) => this.retire(process, limitMs)));
  }

  report(environment: ProcessReport["environment"], memoryMb: number): ProcessReport {
    const failure = this.lastFailure ? { lastFailure: this.lastFailure } : {};
    if (this.process) return { ...this.process.report(this.restarts), ...failure };
    return {
      ...{ name: this.name, type: this.type, deployment: this.deployment, environment },
      ...{ state: "waiting", sinceMs: this.waitingSinceMs, memoryBytes: 0, restarts: this.restarts },
      memoryLimitBytes: memoryMb * 1024 * 1024,
      ...failure,
      ...(this.nextStartAtMs > Date.now() && { nextStartAtMs: this.nextStartAtMs }),
    };
  }

  private begin(): void {
    try {
      this.process = this.launch();
    } catch (error) {
      this.fail(errorJson(error), 0);
      this.tend();
    }
  }

  private launch(): ServiceProcess {
    const process = this.owner.launch(this);
    this.follow(process);
    return process;
  }

  private follow(process: ServiceProcess): void {
    process.started.then(
      () => this.owner.tellUp(process),
      () => {},
    );
    void process.ended.then((reason) => {
      this.owner.tellGone(process);
      this.leaving.delete(process);
      if (this.process === process) {
        this.process = undefined;
        this.waitingSinceMs = Date.now();
        if (reason) this.fail(errorJson(reason), process.ranMs);
        else this.nextStartAtMs = 0;
      }
      this.owner.changed();
    });
  }

  private fail(error: ErrorJson, ranMs: number): void {
    this.lastFailure = error;
    this.restarts++;
    this.nextStartAtMs = Date.now() + this.backOff.crashed(ranMs);
  }

  private async retire(process: ServiceProcess, limitMs?: number): Promise<void> {
    if (process.state === "up") await this.owner.drain(process);
    await process.stop(limitMs);
  }
}
