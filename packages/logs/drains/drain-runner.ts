import { setTimeout as sleep } from "node:timers/promises";
import { DrainFailedError } from "../errors.ts";
import type { LogLine } from "../line/log-line.ts";
import { LogFollower } from "../search/log-follower.ts";
import { LineTest } from "../search/log-query.ts";
import type { Positions } from "../search/merged-scan.ts";
import type { Drain, DrainShipper, DrainTarget } from "./drain.ts";
import { type DrainState, readDrainState, writeDrainState } from "./drain-state.ts";
import { httpShipper } from "./http-shipper.ts";
import { otlpShipper } from "./otlp-shipper.ts";
import { syslogShipper } from "./syslog-shipper.ts";

const linesPerSend = 1_000;
const bytesPerSend = 1024 * 1024;
const lookEveryMs = 500;
const firstBackOffMs = 500;
const longestBackOffMs = 60_000;

const shippers: Record<Drain["kind"], (target: DrainTarget) => DrainShipper> = {
  http: httpShipper,
  otlp: otlpShipper,
  syslog: syslogShipper,
};

export const openShipper = (target: DrainTarget): DrainShipper => shippers[target.kind](target);

/**
 * Sends an app's lines on, from where it stood when it was last stopped, killed, or refused: each line at least once, in order, for as long as
 * the log keeps it. What is not delivered is tried again, later and later up to a minute.
 */
export class DrainRunner {
  private readonly stopping = new AbortController();
  private readonly done: Promise<void>;
  private state: DrainState;

  constructor(
    readonly drain: Drain,
    private readonly folder: string,
    private readonly open: (target: DrainTarget) => DrainShipper = openShipper,
  ) {
    this.state = readDrainState(folder, drain.id);
    this.done = this.run();
  }

  /** As it stands. */
  report(): DrainState {
    return { ...this.state };
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.done;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    const { environment, level } = this.drain;
    const test = new LineTest({ ...(environment && { environment }), ...(level && { level }) });
    while (!signal.aborted) {
      const follower = new LogFollower(this.folder, test, this.state.positions);
      const shipper = this.open(this.drain);
      try {
        await this.ship(follower, shipper);
      } catch (error) {
        if (signal.aborted) return;
        const { sinceMs = Date.now(), attempts = 0 } = this.state.failure ?? {};
        this.save({ failure: { message: (error as Error).message, sinceMs, attempts: attempts + 1 } });
        const backOffMs = Math.min(longestBackOffMs, firstBackOffMs * 2 ** Math.min(attempts, 20));
        const asked = error instanceof DrainFailedError ? (error.retryAfterMs ?? 0) : 0;
        const delayMs = Math.max(backOffMs, Math.min(longestBackOffMs, asked));
        await sleep(delayMs, undefined, { signal }).catch(() => {});
      } finally {
        shipper.close();
        await follower.close();
      }
    }
  }

  private async ship(follower: LogFollower, shipper: DrainShipper): Promise<void> {
    const { signal } = this.stopping;
    const sent: { positions: Positions; lines: number; atMs: number }[] = [];
    const settle = () => {
      while (sent.length > 0 && performance.now() - sent[0]!.atMs >= shipper.settleMs) {
        const { positions, lines } = sent.shift()!;
        const deliveredLines = this.state.deliveredLines + lines;
        this.save({ positions, deliveredLines, deliveredAtMs: Date.now(), failure: undefined });
      }
    };
    while (!signal.aborted) {
      shipper.check();
      const lines = await follower.read();
      for (const gap of follower.gaps.splice(0)) this.save({ lostLines: this.state.lostLines + gap.lines });
      for (const part of parts(lines)) {
        if (signal.aborted) return;
        await shipper.send(part, this.drain.app);
      }
      if (lines.length > 0)
        sent.push({ positions: follower.positions, lines: lines.length, atMs: performance.now() });
      settle();
      if (lines.length === 0) await sleep(lookEveryMs, undefined, { signal }).catch(() => {});
    }
  }

  private save(change: Partial<DrainState>): void {
    const { failure, ...state } = { ...this.state, ...change };
    this.state = failure ? { ...state, failure } : state;
    writeDrainState(this.folder, this.drain.id, this.state);
  }
}

/** As many lines as one message takes. */
function* parts(lines: LogLine[]): Generator<LogLine[], void, void> {
  let part: LogLine[] = [];
  let bytes = 0;
  for (const line of lines) {
    if (part.length >= linesPerSend || (part.length > 0 && bytes + line.text.length > bytesPerSend)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(line);
    bytes += line.text.length + 200;
  }
  if (part.length > 0) yield part;
}
