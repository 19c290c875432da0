import { randomBytes } from "node:crypto";
import { type AppName, type DeploymentId, type HomeLayout, randomId, type Terminal } from "@evenkeel/model";
import type { RunEvent } from "../api/contract/index.ts";
import { RunUnknownError } from "../errors.ts";
import { defaultMemoryMb } from "./formation-store.ts";
import { HostRunner, type RunInput } from "./host-runner.ts";

/** A client that lets this much of a command's output pile up does not read. */
const queueLimitBytes = 64 * 1024 * 1024;

export interface OneOffWish {
  app: AppName;
  deployment: DeploymentId;
  command: string[];
  memoryMb?: number | undefined;
  terminal?: Terminal | undefined;
}

/** One-off commands that were asked for over the API; each lives as long as its stream is read. */
export class OneOffRuns {
  private readonly running = new Map<string, { app: AppName; runner: HostRunner }>();

  constructor(private readonly layout: Pick<HomeLayout, "hostSocket">) {}

  /** @throws HostUnreachableError, and what keeps the host from starting it */
  async *run(wish: OneOffWish): AsyncGenerator<RunEvent, void, void> {
    const { app, deployment, command, memoryMb = defaultMemoryMb, terminal } = wish;
    // Not to be guessed: it is all that tells one person's input from another's.
    const run = randomBytes(16).toString("hex");
    const queue: RunEvent[] = [{ type: "started", run, deployment }];
    let queuedBytes = 0;
    let wake = () => {};
    const name = `run.${randomId(4)}`;
    const runner = await HostRunner.start(
      this.layout.hostSocket,
      { deployment, command, name, memoryMb, ...(terminal && { terminal }) },
      (stream, bytes) => {
        queuedBytes += bytes.length;
        if (queuedBytes > queueLimitBytes) runner.leave();
        queue.push({ type: "output", stream, base64: bytes.toString("base64") });
        wake();
      },
    );
    this.running.set(run, { app, runner });
    let over = false;
    runner.ended
      .then(
        () => {},
        () => {},
      )
      .then(() => {
        over = true;
        wake();
      });
    try {
      for (;;) {
        const event = queue.shift();
        if (event) {
          if (event.type === "output") queuedBytes -= Math.ceil((event.base64.length * 3) / 4);
          yield event;
        } else if (over) break;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
      yield { type: "ended", exit: await runner.ended };
    } finally {
      this.running.delete(run);
      runner.leave();
    }
  }

  /** @throws RunUnknownError */
  give(app: AppName, run: string, input: RunInput): void {
    const found = this.running.get(run);
    if (found?.app !== app) throw new RunUnknownError(run);
    found.runner.give(input);
  }
}
