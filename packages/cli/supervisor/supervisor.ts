import { errorJson, InvalidValueError } from "@evenkeel/model";
import { listenForMessages, type MessageConnection } from "@evenkeel/wire";
import type { KeptDatabase } from "./kept-database.ts";
import type { KeptProcess, ProcessReport } from "./kept-process.ts";
import type { SchedulerWatch } from "./scheduler-watch.ts";
import type { FromSupervisor, ToSupervisor } from "./supervisor-protocol.ts";

/** Longest drain of an edge: requests that are still being answered then are cut. */
const edgeGraceMs = 15_000;
const hostGraceMs = 15_000;
const controlGraceMs = 10_000;
/** The archivers ship what they have. */
const databasesGraceMs = 15_000;
const sandboxGraceMs = 5_000;
const blobsGraceMs = 10_000;
const signalsGraceMs = 5_000;

export interface SupervisedParts {
  database: KeptDatabase;
  /** The keeper of apps' databases. */
  databases: KeptProcess;
  control: KeptProcess;
  host: KeptProcess;
  /** Twins of outside providers. */
  sandbox: KeptProcess;
  /** Apps' buckets. */
  blobs: KeptProcess;
  /** What is measured. */
  signals: KeptProcess;
  /** What apps tell of themselves. */
  telemetry: KeptProcess;
  edges: KeptProcess[];
  /** Whether control's scheduler goes on. */
  scheduler: SchedulerWatch;
}

/**
 * Keeps the platform's processes running and answers on `run/supervisor.sock`.
 *
 * Everything is started at once and nothing waits for another: control retries its database, edges and host serve from their
 * last known state until control is there. What the supervisor leaves behind when it is killed: all processes go on, and
 * the next supervisor adopts them.
 */
export class Supervisor {
  private readonly server: { stop(): void };
  private readonly ended = Promise.withResolvers<void>();
  private readonly startedAtMs = Date.now();
  private stopping = false;

  constructor(
    private readonly parts: SupervisedParts,
    socketPath: string,
    /** Their servers outlive the keeper. */
    private readonly stopAppDatabases: () => Promise<void>,
  ) {
    this.server = listenForMessages<ToSupervisor, FromSupervisor>(socketPath, (connection) => {
      connection.onMessage = (message) => {
        void this.answer(message, connection).catch((error) =>
          connection.send({ done: true, error: errorJson(error) }),
        );
      };
    });
  }

  start(): void {
    this.parts.database.start();
    for (const process of this.processes()) process.start();
    this.parts.scheduler.start();
  }

  /** Resolves after `stop`. */
  finished(): Promise<void> {
    return this.ended.promise;
  }

  /** Edges first, so that no request reaches a part that is already gone; the database last. */
  async stop(onStep: (step: string) => void = () => {}): Promise<void> {
    if (this.stopping) return this.ended.promise;
    this.stopping = true;
    this.parts.scheduler.stop();
    onStep("Ending edges: requests in flight are finished");
    await Promise.all(this.parts.edges.map((edge) => edge.stop(edgeGraceMs)));
    onStep("Ending host and its instances");
    await this.parts.host.stop(hostGraceMs);
    await this.parts.sandbox.stop(sandboxGraceMs);
    await this.parts.blobs.stop(blobsGraceMs);
    onStep("Ending control");
    await this.parts.control.stop(controlGraceMs);
    onStep("Ending the apps' databases");
    await this.parts.databases.stop(databasesGraceMs);
    await this.stopAppDatabases();
    await this.parts.telemetry.stop(signalsGraceMs);
    // What the others measured last is written.
    await this.parts.signals.stop(signalsGraceMs);
    onStep("Ending the platform's database");
    await this.parts.database.stop();
    this.ended.resolve();
    // The answer to `stop` still goes out before the socket closes.
    setTimeout(() => this.server.stop(), 50);
  }

  private processes(): KeptProcess[] {
    const { databases, control, host, sandbox, blobs, signals, telemetry, edges } = this.parts;
    return [databases, control, host, sandbox, blobs, signals, telemetry, ...edges];
  }

  private reports(): ProcessReport[] {
    const processes = this.processes().map((process) => process.report());
    return [this.ownReport(), this.parts.database.report(), ...processes];
  }

  private ownReport(): ProcessReport {
    const { pid, env } = process;
    const restarts = Number(env["EVENKEEL_SUPERVISOR_RESTARTS"] ?? 0);
    return { name: "supervisor", state: "running", pid, restarts, sinceMs: this.startedAtMs };
  }

  private async answer(
    message: ToSupervisor,
    connection: MessageConnection<ToSupervisor, FromSupervisor>,
  ): Promise<void> {
    const step = (text: string) => connection.send({ done: false, step: text });
    switch (message.type) {
      case "status":
        break;
      case "wait":
        await this.waitForAll(step);
        break;
      case "stop":
        await this.stop(step);
        break;
      case "restart":
        await this.restart(message.name, step);
        break;
    }
    connection.send({ done: true, processes: this.reports(), scheduler: this.parts.scheduler.look() });
  }

  private async waitForAll(step: (text: string) => void): Promise<void> {
    step("Starting the platform's database");
    await this.parts.database.ready();
    step("Starting control");
    await this.parts.control.ready();
    step("Starting databases, buckets, host, sandbox, signals, telemetry and edges");
    const { databases, host, sandbox, blobs, signals, telemetry, edges } = this.parts;
    const others = [databases, host, sandbox, blobs, signals, telemetry, ...edges];
    await Promise.all(others.map((process) => process.ready()));
  }

  /** Edges share their port, so each is replaced by a successor; control and host own sockets, so they end first. */
  private async restart(name: string, step: (text: string) => void): Promise<void> {
    if (name === "edges") {
      for (const edge of this.parts.edges) {
        step(`Replacing ${edge.name}`);
        await edge.replace(edgeGraceMs);
      }
      return;
    }
    const process = this.processes().find((candidate) => candidate.name === name);
    if (!process) {
      const names = ["edges", ...this.processes().map((candidate) => candidate.name)].join(", ");
      throw new InvalidValueError(`There is no process "${name}"`, { hint: `Name one of: ${names}.` });
    }
    step(`Restarting ${name}`);
    if (this.parts.edges.includes(process)) return process.replace(edgeGraceMs);
    await process.stop(hostGraceMs);
    process.start();
    await process.ready();
  }
}
