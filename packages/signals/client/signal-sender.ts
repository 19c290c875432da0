import type { FromSignals, SignalBatch, SignalOrigin, SignalSample, ToSignals } from "@evenkeel/model";
import { keepConnected, type MessageConnection } from "@evenkeel/wire";

export interface SignalSenderOptions {
  socketPath: string;
  origin: SignalOrigin;
  /** `edge-0`, `host`. */
  name: string;
  /** Batches that are kept while the process of signals is away; default 900: a quarter of an hour of seconds. Then the oldest go. */
  bufferLimit?: number;
}

/** How often an idle source says that it lives. All do so at the same moment, so that one transaction takes them all. */
const heartbeatEveryMs = 5_000;
/** A gap beyond it was no idleness: the process stood still. */
const longestCoverMs = 2 * heartbeatEveryMs;
const secondMs = 1_000;

/**
 * A source of signals. What it is given is kept until the process of signals has said that it is written, and sent again after a loss
 * of that process; numbers keep anything from counting twice.
 */
export class SignalSender {
  private readonly run = `${process.pid}.${Date.now()}`;
  private readonly link: { stop(): void };
  private readonly unacknowledged: SignalBatch[] = [];
  private connection: MessageConnection<FromSignals, ToSignals> | undefined;
  private seq = 0;
  private lost = 0;
  /** End of the time that batches cover. */
  private coveredMs = floorToSecond(Date.now());
  private heartbeat: ReturnType<typeof setTimeout> | undefined;
  /** The server has said what it has, so that what it lacks may be sent. */
  private isGreeted = false;

  constructor(private readonly options: SignalSenderOptions) {
    this.link = keepConnected<FromSignals, ToSignals>(options.socketPath, (connection) =>
      this.open(connection),
    );
    this.beatLater();
  }

  /** Sends what was measured in the second that began at `atMs` (default: the one that ended last). */
  send(samples: SignalSample[], atMs = floorToSecond(Date.now()) - secondMs): void {
    const endMs = atMs + secondMs;
    const coversMs = Math.max(secondMs, Math.min(longestCoverMs, endMs - this.coveredMs));
    this.coveredMs = Math.max(this.coveredMs, endMs);
    // A clock that was set back: what is ahead of it now is no measure of what is covered.
    if (this.coveredMs > endMs + longestCoverMs) this.coveredMs = endMs;
    const batch: SignalBatch = { type: "batch", seq: ++this.seq, atMs, coversMs, samples };
    if (this.lost > 0) {
      batch.lost = this.lost;
      this.lost = 0;
    }
    this.unacknowledged.push(batch);
    while (this.unacknowledged.length > (this.options.bufferLimit ?? 900)) {
      this.lost += 1 + (this.unacknowledged.shift()!.lost ?? 0);
    }
    if (this.isGreeted) this.connection?.send(batch);
  }

  /** Closes the connection; what is not acknowledged is lost with this process. */
  stop(): void {
    clearTimeout(this.heartbeat);
    this.link.stop();
  }

  private open(connection: MessageConnection<FromSignals, ToSignals>): void {
    const { origin, name } = this.options;
    this.connection = connection;
    this.isGreeted = false;
    connection.onMessage = (message) => {
      if (message.type === "ack") this.acknowledged(message.seq);
    };
    connection.onClose = () => {
      if (this.connection === connection) this.connection = undefined;
    };
    connection.send({ type: "hello", source: { origin, name, run: this.run } });
  }

  private acknowledged(seq: number): void {
    while (this.unacknowledged.length > 0 && this.unacknowledged[0]!.seq <= seq) this.unacknowledged.shift();
    if (this.isGreeted) return;
    this.isGreeted = true;
    for (const batch of this.unacknowledged) this.connection?.send(batch);
  }

  private beatLater(): void {
    const inMs = heartbeatEveryMs - (Date.now() % heartbeatEveryMs);
    this.heartbeat = setTimeout(() => {
      if (floorToSecond(Date.now()) - this.coveredMs > secondMs) this.send([]);
      this.beatLater();
    }, inMs);
  }
}

const floorToSecond = (ms: number): number => Math.floor(ms / secondMs) * secondMs;
