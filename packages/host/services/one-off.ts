import { closeSync } from "node:fs";
import { constants } from "node:os";
import type { LogIntake, ProcessOutput } from "@evenkeel/logs";
import type { HomeLayout, HostToRunner, OneOffRun, ProcessExit, RunnerToHost } from "@evenkeel/model";
import { errorJson } from "@evenkeel/model";
import type { MessageConnection } from "@evenkeel/wire";
import type { DeploymentCatalog } from "../agent/deployment-catalog.ts";
import { readSandboxRoutes } from "../agent/sandbox-routes.ts";
import { ProcessUnknownError } from "../errors.ts";
import { PseudoTerminal } from "../isolation/services/pseudo-terminal.ts";
import type { OneOffStreams, ServiceCell, ServiceCellMaker } from "../isolation/services/service-cell.ts";
import { leadVariables } from "../launcher/outside/lead-variables.ts";
import type { ServiceHost } from "./service-host.ts";
import { processEnvironment } from "./service-process.ts";

/** A reader that falls behind by this much makes the command wait. */
const queueLimitBytes = 4 * 1024 * 1024;
const feedPatienceMs = 2_000;

export interface OneOffParts {
  layout: HomeLayout;
  maker: ServiceCellMaker;
  catalog: DeploymentCatalog;
  services: ServiceHost;
  logs: LogIntake;
  /** From SIGTERM to SIGKILL. */
  stopMs: number;
}

type Connection = MessageConnection<RunnerToHost, HostToRunner>;

/** One-off commands under way; each ends with its connection. */
export class OneOffRuns {
  private readonly running = new Set<ServiceCell>();

  constructor(private readonly parts: OneOffParts) {}

  serve(connection: Connection): void {
    let begun: Promise<Running> | undefined;
    connection.onMessage = (message) => {
      if (message.type === "run") {
        begun ??= this.begin(message, connection);
        begun.catch((error) => connection.send({ type: "failed", error: errorJson(error) }));
        return;
      }
      void begun?.then(
        ({ cell, streams, terminal }) => {
          if (message.type === "input")
            (terminal ?? streams.stdin).write(Buffer.from(message.base64, "base64"));
          else if (message.type === "endInput" && terminal) terminal.write(endOfInput);
          else if (message.type === "endInput") streams.stdin.end();
          else if (message.type === "resize") terminal?.resize(message);
          else if (message.type === "signal") cell.signal(message.signal);
        },
        () => {},
      );
    };
    connection.onClose = () =>
      void begun?.then(
        ({ cell }) => {
          cell.signal("SIGHUP");
          this.endLater(cell);
        },
        () => {},
      );
  }

  /** Ends all. */
  async stop(): Promise<void> {
    await Promise.all([...this.running].map((cell) => cell.destroy()));
  }

  private async begin(run: OneOffRun, connection: Connection): Promise<Running> {
    const { maker, catalog, services, logs } = this.parts;
    // A deployment may reach control before the host.
    const patienceMs = Date.now() + feedPatienceMs;
    while (!catalog.has(run.deployment) && Date.now() < patienceMs) await Bun.sleep(10);
    const known = catalog.get(run.deployment);
    if (!known.services) {
      throw new ProcessUnknownError(`Deployment ${run.deployment} has no services to run a command beside`, {
        hint: "Commands run in the files of an app with a Procfile.",
      });
    }
    const { app } = known.served;
    const plan = services.cellPlan(
      { app, services: known.services, memoryMb: run.memoryMb },
      shellWords(run.command),
    );
    const terminal = run.terminal && new PseudoTerminal(run.terminal);
    const { cell, place, streams } = await maker
      .makeOneOff({ ...plan, terminal: terminal?.inner })
      .catch((error) => {
        terminal?.close(() => {});
        throw error;
      })
      .finally(() => terminal && closeSync(terminal.inner));
    this.running.add(cell);
    const environmentName = known.served.environment;
    const output = logs
      .app(app)
      .output({ environment: environmentName, deployment: run.deployment, process: run.name }, known.mask);
    output.note(`Starting process with command \`${run.command.join(" ")}\``);
    let ended: ProcessExit["ended"];
    const timer =
      run.limitMs === undefined
        ? undefined
        : setTimeout(() => {
            ended = "time";
            cell.signal("SIGTERM");
            this.endLater(cell);
          }, run.limitMs);
    // What a person types and sees is not for the log.
    const toReader = (chunk: Uint8Array) => tell(connection, "stdout", chunk);
    terminal?.read(toReader, () => !connection.closed && connection.queuedBytes <= queueLimitBytes);
    const read = Promise.all([
      pass(streams, "stdout", connection, output),
      pass(streams, "stderr", connection, output),
    ]);
    streams.stdin.on("error", () => {});
    const lead = leadVariables(readSandboxRoutes(this.parts.layout), known.environment);
    const variables = { ...known.environment, ...lead };
    const environment = processEnvironment(variables, place.environment, run.name, undefined);
    if (run.terminal) environment["TERM"] = run.terminal.kind;
    cell.start(environment, terminal !== undefined);
    void cell.ended.then(async ({ exitCode, signal }) => {
      clearTimeout(timer);
      // A process that it left behind can hold its pipes open; `destroy` ends it.
      if (cell.ranOutOfMemory()) ended = "memory";
      await Promise.race([read, Bun.sleep(lastWordsMs)]);
      terminal?.close(toReader);
      await cell.destroy().catch((error) => console.error("A one-off cell was not removed", error));
      await read;
      this.running.delete(cell);
      const code = exitCode ?? 128 + (signal ? constants.signals[signal] : 9);
      output.note(`Process exited with status ${code}`);
      output.end();
      connection.send({ type: "ended", exit: { exitCode: code, ...(ended && { ended }) } });
    });
    return { cell, streams, terminal };
  }

  /** What does not end by itself is ended. */
  private endLater(cell: ServiceCell): void {
    const timer = setTimeout(() => void cell.destroy(), this.parts.stopMs);
    void cell.ended.then(() => clearTimeout(timer));
  }
}

/** One word is a command for the shell, as in a Procfile; several are a program and its arguments, which no shell may read again. */
const shellWords = (command: string[]): string[] =>
  command.length === 1 ? command : ['exec "$@"', "run", ...command];

const lastWordsMs = 300;

/** Ctrl-D: how a terminal's input ends. */
const endOfInput = Buffer.from([4]);

interface Running {
  cell: ServiceCell;
  streams: OneOffStreams;
  terminal: PseudoTerminal | undefined;
}

function tell(connection: Connection, stream: "stdout" | "stderr", chunk: Uint8Array): void {
  if (connection.closed) return;
  connection.send({ type: "output", stream, base64: Buffer.from(chunk).toString("base64") });
}

/** Hands on what the command prints, no faster than it is read. */
async function pass(
  streams: OneOffStreams,
  stream: "stdout" | "stderr",
  connection: Connection,
  output: ProcessOutput,
): Promise<void> {
  try {
    for await (const chunk of streams[stream] as AsyncIterable<Uint8Array>) {
      output.push(stream, chunk);
      tell(connection, stream, chunk);
      while (!connection.closed && connection.queuedBytes > queueLimitBytes) await Bun.sleep(10);
    }
  } catch {
    // The pipe broke with its process.
  }
}
