import type { AppIntake, ProcessOutput } from "@evenkeel/logs";
import {
  type AppName,
  type DeploymentId,
  type EnvironmentName,
  type ErrorJson,
  EvenkeelError,
  type FunctionId,
  formatSize,
  type InstanceId,
  type InstanceReport,
  type MaskSecrets,
  newInstanceId,
  ReportedError,
  type SandboxRoutes,
} from "@evenkeel/model";
import type { FunctionSpan } from "@evenkeel/model/link/instance-protocol";
import { DeploymentStoppedError, InstanceEndedError, StartTimeoutError } from "../errors.ts";
import type { Cell, ProcessEnd, Runtime } from "../isolation/cell.ts";
import type { AppIdentity } from "../isolation/uid-registry.ts";
import { planAssignment } from "./assignment.ts";
import type { HostedFunction } from "./deployment-catalog.ts";
import { ReactionCheck } from "./reaction-check.ts";

export interface InstancePlan {
  app: AppName;
  environmentName: EnvironmentName;
  deployment: DeploymentId;
  function: HostedFunction;
  environment: Record<string, string>;
  /** The deployment's. */
  mask: MaskSecrets;
  identity: AppIdentity | undefined;
  /** Folder of the function's files. */
  tree: string;
  compiledCode: string | undefined;
  runtime: Runtime;
  cacheKey: Uint8Array;
  /** Where twins of outside providers are, as long as they have run once. */
  sandbox: SandboxRoutes | undefined;
  restarts: number;
}

/** Below this no Node process lives. */
const leastMemoryMb = 128;
const startLimitMs = 30_000;
/** Beside `shutdown`'s own grace. */
const exitLimitMs = 3_000;
/** After this much of its memory an instance is replaced in order, before the kernel ends it in disorder. */
const recycleShare = 0.9;
/** A launcher writes its compiled code 2 s after the first request. */
const codeAfterMs = 4_000;

/**
 * One process of one deployment's function.
 *
 * - starting: it has a cell, or waits for one, and loads the function. → ready, or → ended (failed).
 * - ready: edges send it requests. → draining, or → ended (crashed).
 * - draining: no new requests; those in flight and `waitUntil` are finished. → ended.
 * - ended: no process, no cell. Nothing follows.
 *
 * Whatever happens, `ended` resolves once, after the cell is gone: with the reason if nobody had asked for the end.
 */
export class Instance {
  readonly id: InstanceId;
  state: "starting" | "ready" | "draining" | "ended" = "starting";
  readonly wishedAtMs = Date.now();
  readyAtMs = 0;
  /** The last time that a request was known to be in flight, or work to be pending. */
  usedAtMs = Date.now();
  /** `waitUntil` promises that have not settled. */
  background = 0;
  lastMemoryBytes = 0;
  /** A traced request was answered. */
  onSpan: (span: FunctionSpan) => void = () => {};
  private cell: Cell | undefined;
  private output: ProcessOutput | undefined;
  private askedToEnd = false;
  private codeTaken = false;
  private reaction: ReactionCheck | undefined;
  private firstUsedAtMs = 0;
  private readonly ending = Promise.withResolvers<EvenkeelError | undefined>();
  /** Resolves when a start is given up because the instance is not wanted any more. */
  private readonly givenUp = Promise.withResolvers<never>();

  constructor(readonly plan: InstancePlan) {
    this.id = newInstanceId(plan.deployment);
    this.givenUp.promise.catch(() => {});
  }

  /** Why it ended, where nobody had asked for it. */
  get ended(): Promise<EvenkeelError | undefined> {
    return this.ending.promise;
  }

  get functionId(): FunctionId {
    return this.plan.function.id;
  }

  get memoryLimitBytes(): number {
    return Math.max(leastMemoryMb, this.plan.function.memoryMb) * 1024 * 1024;
  }

  get socketPath(): string {
    return this.cell?.socketPath ?? "";
  }

  /**
   * Moves into a cell and resolves when the function listens; on failure the cell is gone.
   *
   * @throws ReportedError (what the launcher said), InstanceEndedError, StartTimeoutError, InstanceRefusedError, and what
   *   `takeCell` throws.
   */
  async start(takeCell: () => Promise<Cell>, log: AppIntake): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const cell = await takeCell();
      this.cell = cell;
      if (this.askedToEnd) throw this.stopped();
      this.listen(cell, log);
      const ready = new Promise<void>((resolve, reject) => {
        cell.launcher.onMessage = (message) => {
          if (message.type === "ready") resolve();
          else if (message.type === "failed") reject(this.reported(message.error));
          else if (message.type === "background") this.noteBackground(message.pending);
          else if (message.type === "span") this.onSpan(message.span);
        };
        void cell.launcher.ended.then((end) => reject(this.endError(end)));
        timer = setTimeout(() => reject(this.timeout()), startLimitMs);
      });
      ready.catch(() => {});
      const view = cell.occupy({
        identity: this.plan.identity,
        tree: this.plan.tree,
        compiledCode: this.plan.compiledCode,
        memoryBytes: this.memoryLimitBytes,
      });
      cell.launcher.send({
        type: "assign",
        assignment: planAssignment(
          this.plan.function,
          { id: this.plan.deployment, environment: this.plan.environment },
          view,
          this.plan.cacheKey,
          this.plan.sandbox,
        ),
      });
      await Promise.race([ready, this.givenUp.promise]);
      cell.sealSocket();
      this.becomeReady(cell);
    } catch (error) {
      if (error instanceof EvenkeelError) this.output?.note(error.message, "error");
      await this.finish(undefined);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  noteUse(): void {
    this.usedAtMs = Date.now();
    this.firstUsedAtMs ||= this.usedAtMs;
  }

  /** Whether it has served for so long that it has written down its compiled code, which was not taken yet. */
  get hasCompiledCode(): boolean {
    return !this.codeTaken && this.firstUsedAtMs > 0 && Date.now() - this.firstUsedAtMs >= codeAfterMs;
  }

  beginDrain(): void {
    if (this.state === "ready") this.state = "draining";
  }

  /**
   * Ends it: the launcher finishes what is in flight for up to `graceMs`, then the process is killed. One that still starts is
   * given up at once. Resolves when it has ended.
   */
  async shutdown(graceMs: number): Promise<void> {
    if (this.state === "ended") return;
    this.askedToEnd = true;
    if (this.state === "starting") {
      this.givenUp.reject(this.stopped());
      await this.ended;
      return;
    }
    this.state = "draining";
    this.cell!.launcher.send({ type: "shutdown", graceMs });
    await Promise.race([this.cell!.launcher.ended, Bun.sleep(graceMs + exitLimitMs)]);
    await this.finish(undefined);
  }

  /**
   * Ends it, as crashed, if its event loop does not turn: then no request there is ever answered. To be asked only when one has taken longer
   * than it may, since a function may compute for as long as that.
   */
  async endIfStuck(): Promise<void> {
    if (this.state !== "ready" || (await this.reaction!.reacts())) return;
    const reason = new InstanceEndedError(
      "function_stuck",
      "The function was ended while it was serving: it was busy for longer than a request may take and let nothing else run",
      "Look for an endless loop, or give long computations pauses or a worker thread.",
    );
    await this.finish(reason);
  }

  /** Reads the memory in use; true when it should be replaced. */
  measureMemory(): boolean {
    this.lastMemoryBytes = this.state === "ended" ? 0 : (this.cell?.memoryBytes() ?? 0);
    return this.state === "ready" && this.lastMemoryBytes > this.memoryLimitBytes * recycleShare;
  }

  /** Processor time used, in seconds. */
  get cpuSeconds(): number | undefined {
    return this.state === "ended" ? undefined : this.cell?.cpuSeconds();
  }

  /** Resolves once its event loop has turned, or has not for longer than it should. */
  async turned(): Promise<void> {
    await this.reaction?.reacts();
  }

  note(line: string): void {
    this.output?.note(line);
  }

  /** Compiled code that it has left since it started; each is given once. */
  takeCompiledCode(): Map<string, Uint8Array> {
    if (this.codeTaken || !this.cell || this.plan.compiledCode) return new Map();
    this.codeTaken = true;
    return this.cell.compiledCode();
  }

  report(inFlight: number): InstanceReport {
    return {
      id: this.id,
      deployment: this.plan.deployment,
      function: this.functionId,
      socketPath: this.socketPath,
      pid: this.cell?.pid ?? 0,
      state: this.state === "ended" ? "draining" : this.state,
      startedAtMs: this.wishedAtMs,
      startMs: this.readyAtMs === 0 ? 0 : this.readyAtMs - this.wishedAtMs,
      inFlight,
      memoryBytes: this.lastMemoryBytes,
      restarts: this.plan.restarts,
    };
  }

  private listen(cell: Cell, log: AppIntake): void {
    const { deployment, environmentName: environment, mask } = this.plan;
    this.output = log.output({ environment, deployment, instance: this.id, function: this.functionId }, mask);
    this.output.listen({ stdout: cell.launcher.process.stdout!, stderr: cell.launcher.process.stderr! });
  }

  private becomeReady(cell: Cell): void {
    this.state = "ready";
    this.readyAtMs = Date.now();
    this.usedAtMs = this.readyAtMs;
    const reaction = new ReactionCheck(cell.launcher);
    this.reaction = reaction;
    cell.launcher.onMessage = (message) => {
      if (message.type === "background") this.noteBackground(message.pending);
      else if (message.type === "span") this.onSpan(message.span);
      else if (message.type === "pong") reaction.heard();
    };
    void cell.launcher.ended.then((end) => {
      const reason = this.endError(end);
      if (!this.askedToEnd) return this.finish(reason);
      if (reason.code === "function_out_of_memory") this.output?.note(reason.message, "error");
      return this.finish(undefined);
    });
  }

  private noteBackground(pending: number): void {
    this.background = pending;
    this.usedAtMs = Date.now();
  }

  private async finish(reason: EvenkeelError | undefined): Promise<void> {
    if (this.state === "ended") return;
    this.state = "ended";
    if (reason) this.output?.note(reason.message, "error");
    this.beforeCellIsGone();
    try {
      await this.cell?.destroy();
    } catch (error) {
      console.error(`The cell of instance ${this.id} was not removed`, error);
    }
    this.output?.end();
    this.ending.resolve(reason);
  }

  /** For the owner: the process has ended, what it left can still be read. */
  beforeCellIsGone: () => void = () => {};

  private endError({ exitCode, signal }: ProcessEnd): EvenkeelError {
    const when = this.readyAtMs === 0 ? "while it was starting" : "while it was serving";
    const words = this.output?.lastErrors() ?? "";
    const tail = words === "" ? "" : `\n${words}`;
    if (this.cell?.ranOutOfMemory()) {
      return new InstanceEndedError(
        "function_out_of_memory",
        `The function was ended ${when}: it used more than its ${formatSize(this.memoryLimitBytes)} of memory${tail}`,
        "Give the function more memory (`memory` in vercel.json), or find what it keeps.",
      );
    }
    return signal
      ? new InstanceEndedError(
          "function_signalled",
          `The function's process was ended by ${signal} ${when}${tail}`,
        )
      : new InstanceEndedError(
          "function_exited",
          `The function's process exited with code ${exitCode} ${when}${tail}`,
        );
  }

  /** The app's own message may hold what its environment holds. */
  private reported(error: ErrorJson): EvenkeelError {
    const message = this.output?.redact(error.message) ?? this.plan.mask(error.message, true);
    return new ReportedError({ ...error, message }, "user");
  }

  private timeout(): StartTimeoutError {
    return new StartTimeoutError(`The function was not ready after ${startLimitMs / 1_000} s`, {
      hint: "Its module must load without waiting for anything that may never come.",
    });
  }

  private stopped(): DeploymentStoppedError {
    return new DeploymentStoppedError(`Deployment ${this.plan.deployment} was stopped while it was starting`);
  }
}
