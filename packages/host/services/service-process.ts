import type { AppIntake, ProcessOutput } from "@evenkeel/logs";
import {
  type AppName,
  type DeploymentId,
  type EnvironmentName,
  EvenkeelError,
  formatSize,
  type InstanceId,
  type MaskSecrets,
  newInstanceId,
  type ProcessReport,
  type Services,
  sandboxProvidersVariable,
  webProcess,
} from "@evenkeel/model";
import {
  CellFailedError,
  DeploymentStoppedError,
  ProcessBootTimeoutError,
  ProcessEndedError,
} from "../errors.ts";
import type { ProcessEnd } from "../isolation/cell.ts";
import type {
  AdoptedCell,
  LastingOutput,
  ServiceCell,
  ServiceCellMaker,
  ServiceCellPlan,
} from "../isolation/services/service-cell.ts";
import { listensOn } from "./listens-on.ts";

const readEveryMs = 50;
const connectEveryMs = 50;
const mebibyte = 1024 * 1024;

export interface ServiceProcessPlan {
  app: AppName;
  deployment: DeploymentId;
  environment: EnvironmentName;
  type: string;
  number: number;
  memoryMb: number;
  services: Services;
  /** The deployment's. */
  variables: Record<string, string>;
  mask: MaskSecrets;
  /** Of a `web` process. */
  port: number | undefined;
}

/** What the next host is told of a process, beside what its cell records. */
export interface ProcessLabel
  extends Pick<
    ServiceProcessPlan,
    "app" | "deployment" | "environment" | "type" | "number" | "memoryMb" | "port"
  > {
  id: InstanceId;
  state: ServiceProcess["state"];
  sinceMs: number;
}

export interface ServiceProcessParts {
  maker: ServiceCellMaker;
  cellPlan: (plan: ServiceProcessPlan, command: string[]) => ServiceCellPlan;
  log: AppIntake;
  bootMs: number;
  /** From SIGTERM to SIGKILL. */
  stopMs: number;
  /** What leads it to the twins of outside providers, if it has some. */
  lead(variables: Record<string, string>): Record<string, string>;
}

/**
 * One running process of an app's formation, such as `web.1`.
 *
 * - starting: it has a cell, and for `web` does not listen yet. → up, → stopping, → ended (crashed).
 * - up: it runs; `web` is sent requests. → stopping, → ended (crashed).
 * - stopping: every process of it was sent SIGTERM; SIGKILL follows. → ended.
 * - ended: nothing of it is left.
 *
 * It outlives the host that started it; `adopt` is how the next one takes it up.
 */
export class ServiceProcess {
  readonly id: InstanceId;
  state: "starting" | "up" | "stopping" | "ended" = "starting";
  sinceMs = Date.now();
  /** Resolves when it is up; rejects when it ends before. */
  readonly started: Promise<void>;
  private cell: ServiceCell | undefined;
  private readonly output: ProcessOutput;
  private reading: ReturnType<typeof setInterval> | undefined;
  private lasting: LastingOutput | undefined;
  private upAtMs = 0;
  private askedToEnd = false;
  private failure: EvenkeelError | undefined;
  private readonly ending = Promise.withResolvers<EvenkeelError | undefined>();

  constructor(
    readonly plan: ServiceProcessPlan,
    private readonly parts: ServiceProcessParts,
    adopted?: { from: AdoptedCell; label: ProcessLabel },
  ) {
    this.id = adopted?.label.id ?? newInstanceId(plan.deployment);
    const { environment, deployment, mask } = plan;
    this.output = parts.log.output({ environment, deployment, instance: this.id, process: this.name }, mask);
    this.started = adopted ? this.adopt(adopted.from, adopted.label) : this.start();
    this.started.catch(() => {});
  }

  get name(): string {
    return `${this.plan.type}.${this.plan.number}`;
  }

  /** Why it ended, where nobody had asked for it. Resolves once nothing of it is left. */
  get ended(): Promise<EvenkeelError | undefined> {
    return this.ending.promise;
  }

  get ranMs(): number {
    return this.upAtMs === 0 ? 0 : Date.now() - this.upAtMs;
  }

  get memoryBytes(): number {
    return this.cell?.memoryBytes() ?? 0;
  }

  /** Processor time used, in seconds. */
  get cpuSeconds(): number | undefined {
    return this.cell?.cpuSeconds();
  }

  note(line: string): void {
    this.output.note(line);
  }

  /** SIGTERM to all of it, then SIGKILL. Resolves when nothing is left. */
  async stop(limitMs = this.parts.stopMs): Promise<void> {
    if (this.state === "ended") return;
    if (this.askedToEnd) {
      await this.ended;
      return;
    }
    this.askedToEnd = true;
    this.enter("stopping");
    this.note("Stopping all processes with SIGTERM");
    this.cell?.signal("SIGTERM");
    const timer = setTimeout(() => {
      this.note(`Stopping remaining processes with SIGKILL: they did not end within ${limitMs / 1_000} s`);
      void this.cell?.destroy();
    }, limitMs);
    await this.ended;
    clearTimeout(timer);
  }

  report(restarts: number): ProcessReport {
    const { type, deployment, environment, memoryMb } = this.plan;
    return {
      ...{ name: this.name, type, deployment, environment, sinceMs: this.sinceMs, restarts },
      state: this.state === "ended" ? "stopping" : this.state,
      ...(this.cell && { pid: this.cell.pid }),
      memoryBytes: this.memoryBytes,
      memoryLimitBytes: memoryMb * mebibyte,
    };
  }

  private async start(): Promise<void> {
    try {
      const { type, services, variables, port } = this.plan;
      const command = services.processes[type]!;
      this.note(`Starting process with command \`${command}\``);
      const made = await this.parts.maker.makeLasting(
        this.parts.cellPlan(this.plan, [command]),
        this.label(),
      );
      this.take(made.cell, made.output);
      if (this.askedToEnd) {
        void made.cell.destroy();
        throw this.stopped();
      }
      const lead = this.parts.lead(variables);
      made.cell.start(processEnvironment({ ...variables, ...lead }, made.place.environment, this.name, port));
      if (type === webProcess) await this.untilListening(made.cell, port!);
      this.becomeUp();
    } catch (error) {
      const failure = error instanceof EvenkeelError ? error : new CellFailedError(String(error));
      // That is its end, not that it is killed for it.
      if (!this.askedToEnd) this.failure = failure;
      if (!this.cell) await this.finish(this.failure);
      else {
        void this.cell.destroy();
        await this.ended;
      }
      throw failure;
    }
  }

  private async adopt({ cell, output }: AdoptedCell, label: ProcessLabel): Promise<void> {
    this.sinceMs = label.sinceMs;
    this.take(cell, output);
    if (label.state === "up") this.becomeUp(label.sinceMs);
    else {
      // Nobody knows how far it had come.
      this.askedToEnd = true;
      void cell.destroy();
      throw this.stopped();
    }
  }

  private take(cell: ServiceCell, output: LastingOutput): void {
    this.cell = cell;
    this.lasting = output;
    this.reading = setInterval(() => this.read(), readEveryMs);
    void cell.ended.then((end) => {
      // Before the cell is gone: its control group tells of memory.
      const reason = this.failure ?? (this.askedToEnd ? undefined : this.endError(end, cell));
      return this.finish(reason);
    });
  }

  private async untilListening(cell: ServiceCell, port: number): Promise<void> {
    const untilMs = Date.now() + this.parts.bootMs;
    const gone = cell.ended.then((end) => this.endError(end, cell));
    for (;;) {
      if (await listensOn(port)) {
        if (cell.ownsPort(port)) return;
        throw new ProcessBootTimeoutError(`${this.name} was ended: port ${port} belongs to another program`);
      }
      if (Date.now() > untilMs) throw this.bootTimeout();
      const end = await Promise.race([gone, Bun.sleep(connectEveryMs)]);
      if (this.askedToEnd) throw this.stopped();
      if (end) throw end;
    }
  }

  private becomeUp(sinceMs = Date.now()): void {
    this.upAtMs = sinceMs;
    this.enter("up", sinceMs);
  }

  private enter(state: "up" | "stopping", sinceMs = Date.now()): void {
    this.state = state;
    this.sinceMs = sinceMs;
    if (this.cell) this.parts.maker.relabel(this.cell, this.label());
  }

  private label(): ProcessLabel {
    const { app, deployment, environment, type, number, memoryMb, port } = this.plan;
    const { id, state, sinceMs } = this;
    return { ...{ app, deployment, environment, type, number, memoryMb, port }, id, state, sinceMs };
  }

  private read(): void {
    this.lasting?.read((stream, chunk) => this.output.push(stream, chunk));
  }

  private async finish(reason: EvenkeelError | undefined): Promise<void> {
    if (this.state === "ended") return;
    this.state = "ended";
    clearInterval(this.reading);
    try {
      this.read();
      if (reason) this.output.note(reason.message, "error");
      this.lasting = undefined;
      await this.cell?.destroy();
    } catch (error) {
      console.error(`The cell of ${this.name} of ${this.plan.app} was not removed`, error);
    }
    this.output.end();
    this.ending.resolve(reason);
  }

  private endError({ exitCode, signal }: ProcessEnd, cell: ServiceCell): ProcessEndedError {
    this.read();
    const words = this.output.lastErrors();
    const tail = words === "" ? "" : `\n${words}`;
    const when = this.upAtMs === 0 && this.plan.type === webProcess ? " before it listened on $PORT" : "";
    if (cell.ranOutOfMemory()) {
      return new ProcessEndedError(
        "process_out_of_memory",
        `${this.name} was ended${when}: it used more than its ${formatSize(this.plan.memoryMb * mebibyte)} of memory${tail}`,
        `Give it more memory (evenkeel scale ${this.plan.app} ${this.plan.type}=1:2GiB), or find what it keeps.`,
      );
    }
    return signal
      ? new ProcessEndedError("process_signalled", `${this.name} was ended by ${signal}${when}${tail}`)
      : new ProcessEndedError("process_exited", `${this.name} exited with status ${exitCode}${when}${tail}`);
  }

  private bootTimeout(): ProcessBootTimeoutError {
    const words = this.output.lastErrors();
    return new ProcessBootTimeoutError(
      `${this.name} did not listen on $PORT within ${this.parts.bootMs / 1_000} s${words === "" ? "" : `\n${words}`}`,
      { hint: "Let it listen on the port in the variable PORT, on 0.0.0.0 and not on another address." },
    );
  }

  private stopped(): DeploymentStoppedError {
    return new DeploymentStoppedError(
      `${this.name} of ${this.plan.deployment} was stopped while it was starting`,
    );
  }
}

/** As at Heroku, where the app does not say otherwise; the app's own win over the place's, except those that would lead astray. */
export function processEnvironment(
  variables: Record<string, string>,
  place: Record<string, string>,
  name: string,
  port: number | undefined,
): Record<string, string> {
  const { [sandboxProvidersVariable]: _, ...own } = variables;
  return {
    NODE_ENV: "production",
    LANG: "C.UTF-8",
    ...place,
    ...own,
    PATH: variables["PATH"] ? `${place["PATH"]}:${variables["PATH"]}` : place["PATH"]!,
    DYNO: name,
    ...(port !== undefined && { PORT: String(port) }),
  };
}
