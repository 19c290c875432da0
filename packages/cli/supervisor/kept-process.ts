import { closeSync, mkdirSync, openSync, readSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { ReplacementFailedError } from "../errors.ts";
import { identifyProcess, isAlive, type ProcessIdentity } from "./process-identity.ts";
import type { ProcessTable } from "./process-table.ts";

export interface ProcessPlan {
  name: string;
  argv: string[];
  environment: Record<string, string>;
  /** Standard output and error are appended here. */
  logPath: string;
}

export interface ProcessReport {
  name: string;
  state: "starting" | "running" | "restarting" | "stopped";
  pid?: number;
  restarts: number;
  /** Milliseconds since the epoch; of this supervisor's start for an adopted process. */
  sinceMs: number;
}

const firstDelayMs = 50;
const longestDelayMs = 5_000;
/** A process that ran this long had a sound start: the next failure waits only the first delay again. */
const soundAfterMs = 10_000;
/** An own child tells of its end; the look is there for the case that the news is lost. */
const watchOwnEveryMs = 2_000;
const watchAdoptedEveryMs = 250;
const logLimitBytes = 16 * 1024 * 1024;

/**
 * Keeps one process running.
 *
 * starting → running → restarting → starting …, until `stop` → stopped. A process is running when it has written a line
 * of JSON with `"ready"` to its standard output. It is its own session leader and writes to a file, so it outlives
 * the supervisor; the table lets the next supervisor adopt it. An own child's death is an event; that of an adopted one, which is
 * nobody's child here, is seen by looking at it. Looking at all of them ten times a second was half of what an idle platform used.
 */
export class KeptProcess {
  private identity: ProcessIdentity | undefined;
  private state: ProcessReport["state"] = "starting";
  private restarts = 0;
  private sinceMs = Date.now();
  private delayMs = firstDelayMs;
  private logOffset = 0;
  /** Set while the process is watched, or waits to be started again. */
  private timer: ReturnType<typeof setTimeout> | undefined;
  private adopted = false;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly plan: ProcessPlan,
    private readonly table: ProcessTable,
  ) {}

  get name(): string {
    return this.plan.name;
  }

  start(): void {
    const known = this.table.get(this.plan.name);
    if (known && isAlive(known)) {
      this.identity = known;
      this.adopted = true;
      this.becomeRunning();
    } else this.spawn();
    this.watch();
  }

  /** Resolves when the process is running. */
  ready(): Promise<void> {
    if (this.state === "running") return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  report(): ProcessReport {
    const report: ProcessReport = {
      name: this.plan.name,
      state: this.state,
      restarts: this.restarts,
      sinceMs: this.sinceMs,
    };
    if (this.identity) report.pid = this.identity.pid;
    return report;
  }

  /** SIGTERM, and SIGKILL after `graceMs`. Resolves when the process is gone. */
  async stop(graceMs: number): Promise<void> {
    this.state = "stopped";
    this.unwatch();
    if (this.identity) await endProcess(this.identity, graceMs);
    this.identity = undefined;
    this.table.set(this.plan.name, undefined);
  }

  /**
   * Starts a successor beside the running process and ends that one, gracefully, once the successor is ready; where it
   * never is, the running one stays.
   *
   * @throws ReplacementFailedError
   */
  async replace(graceMs: number, readyLimitMs = 30_000): Promise<void> {
    const old = this.identity;
    const wasAdopted = this.adopted;
    this.unwatch();
    this.spawn();
    const limit = Date.now() + readyLimitMs;
    while (!this.saidReady()) {
      if (this.identity && isAlive(this.identity) && Date.now() < limit) await Bun.sleep(10);
      else {
        if (this.identity) await endProcess(this.identity, 0);
        this.identity = old;
        this.adopted = wasAdopted;
        this.table.set(this.plan.name, old);
        this.becomeRunning();
        this.look();
        throw new ReplacementFailedError(this.plan.name, this.plan.logPath);
      }
    }
    this.becomeRunning();
    this.look();
    if (old) await endProcess(old, graceMs);
  }

  private spawn(): void {
    mkdirSync(dirname(this.plan.logPath), { recursive: true });
    keepLogSmall(this.plan.logPath);
    const log = openSync(this.plan.logPath, "a", 0o600);
    try {
      this.logOffset = statSync(this.plan.logPath).size;
      const child = Bun.spawn(this.plan.argv, {
        env: this.plan.environment,
        stdin: "ignore",
        stdout: log,
        stderr: log,
        detached: true,
        onExit: () => {
          // Not while it is being stopped or replaced, nor for one that a look has found dead already.
          if (this.timer !== undefined && identity && this.identity === identity) this.look();
        },
      });
      child.unref();
      const identity = identifyProcess(child.pid);
      this.identity = identity;
      this.adopted = false;
      this.table.set(this.plan.name, this.identity);
    } finally {
      closeSync(log);
    }
    this.state = "starting";
    this.sinceMs = Date.now();
  }

  private watch(): void {
    const runningMs = this.adopted ? watchAdoptedEveryMs : watchOwnEveryMs;
    this.timer = setTimeout(() => this.look(), this.state === "starting" ? 10 : runningMs);
  }

  private unwatch(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private look(): void {
    this.unwatch();
    if (this.identity && isAlive(this.identity)) {
      if (this.state === "starting" && this.saidReady()) this.becomeRunning();
      this.watch();
    } else this.restartLater();
  }

  private restartLater(): void {
    if (Date.now() - this.sinceMs >= soundAfterMs) this.delayMs = firstDelayMs;
    console.error(
      `${this.plan.name} (pid ${this.identity?.pid}) ended; starting it again in ${this.delayMs} ms`,
    );
    this.identity = undefined;
    this.state = "restarting";
    this.restarts++;
    this.timer = setTimeout(() => {
      this.spawn();
      this.watch();
    }, this.delayMs);
    this.delayMs = Math.min(longestDelayMs, this.delayMs * 2);
  }

  private becomeRunning(): void {
    this.state = "running";
    this.sinceMs = Date.now();
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  private saidReady(): boolean {
    const file = openSync(this.plan.logPath, "r");
    try {
      const size = statSync(this.plan.logPath).size - this.logOffset;
      const bytes = Buffer.alloc(Math.min(Math.max(size, 0), 64 * 1024));
      readSync(file, bytes, 0, bytes.length, this.logOffset);
      return /^\{.*"ready".*\}\s*$/m.test(bytes.toString());
    } finally {
      closeSync(file);
    }
  }
}

/** SIGTERM, SIGKILL after `graceMs`, to the process alone; resolves when it is gone. */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<void> {
  const signal = (name: NodeJS.Signals) => {
    try {
      if (isAlive(identity)) process.kill(identity.pid, name);
    } catch {
      // Gone between the look and the signal.
    }
  };
  signal("SIGTERM");
  const killAtMs = Date.now() + graceMs;
  let killed = false;
  while (isAlive(identity)) {
    if (!killed && Date.now() >= killAtMs) {
      killed = true;
      signal("SIGKILL");
    }
    await Bun.sleep(10);
  }
}

/** Keeps one earlier generation. The process is not running when this is called. */
function keepLogSmall(path: string): void {
  try {
    if (statSync(path).size > logLimitBytes) renameSync(path, `${path}.1`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
