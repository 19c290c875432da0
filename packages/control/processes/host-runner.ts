import type { HostToRunner, OneOffRun, ProcessExit, RunnerToHost } from "@evenkeel/model";
import { ReportedError } from "@evenkeel/model";
import { connectForMessages, type MessageConnection } from "@evenkeel/wire";
import { HostUnreachableError } from "../errors.ts";

export type RunInput = Exclude<RunnerToHost, { type: "hello" | "run" }>;

/** A one-off command that the host runs, over a connection of its own: never asked for a second time by itself. */
export class HostRunner {
  /** Rejects with the host's error when it does not start, HostUnreachableError when the host goes away. */
  readonly ended: Promise<ProcessExit>;

  private constructor(
    private readonly connection: MessageConnection<HostToRunner, RunnerToHost>,
    run: OneOffRun,
    onOutput: (stream: "stdout" | "stderr", bytes: Buffer) => void,
  ) {
    const { promise, resolve, reject } = Promise.withResolvers<ProcessExit>();
    this.ended = promise.finally(() => connection.close());
    this.ended.catch(() => {});
    connection.onMessage = (message) => {
      if (message.type === "output") onOutput(message.stream, Buffer.from(message.base64, "base64"));
      else if (message.type === "ended") resolve(message.exit);
      else reject(new ReportedError(message.error, "user"));
    };
    connection.onClose = () => reject(new HostUnreachableError());
    connection.send({ type: "hello", role: "runner" });
    connection.send({ type: "run", ...run });
  }

  /** @throws HostUnreachableError */
  static async start(
    hostSocket: string,
    run: OneOffRun,
    onOutput: (stream: "stdout" | "stderr", bytes: Buffer) => void,
  ): Promise<HostRunner> {
    let connection: MessageConnection<HostToRunner, RunnerToHost>;
    try {
      connection = await connectForMessages<HostToRunner, RunnerToHost>(hostSocket);
    } catch {
      throw new HostUnreachableError();
    }
    return new HostRunner(connection, run, onOutput);
  }

  give(input: RunInput): void {
    this.connection.send(input);
  }

  /** The command is ended as by a hang-up. */
  leave(): void {
    this.connection.close();
  }
}
