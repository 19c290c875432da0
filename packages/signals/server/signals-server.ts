import type { FromSignals, SignalBatch, SignalFilter, SignalSourceName, ToSignals } from "@evenkeel/model";
import { errorJson } from "@evenkeel/model/errors";
import { listenForMessages, type MessageConnection } from "@evenkeel/wire";
import { answerQuery } from "../query/answer-query.ts";
import { knownSignals } from "../query/known-signals.ts";
import { minuteOf } from "../query/minute-of.ts";
import { overviewOf } from "../query/overview.ts";
import { secondOf } from "../query/second-of.ts";
import { floorTo, seconds } from "../store/levels.ts";
import type { SignalStore } from "../store/signal-store.ts";

type Connection = MessageConnection<ToSignals, FromSignals>;

/** Batches that arrive within it are written by one transaction: all sources speak at the beginning of a second. */
const commitDelayMs = 150;
/** After a second's end, until it is told to subscribers: sources have spoken by then. */
const tellAfterMs = 400;
/** A reader that does not read is sent away before it fills memory. */
const queueLimitBytes = 16 * 1024 * 1024;
const longestCoverMs = 60_000;

/** Answers on `run/signals.sock`: takes batches in, answers queries, tells each new second to subscribers. */
export class SignalsServer {
  private readonly server: { stop(): void };
  /** Source and number of the last batch that is not acknowledged. */
  private readonly unacknowledged = new Map<Connection, number>();
  private readonly subscriptions = new Set<Subscription>();
  private commitTimer: ReturnType<typeof setTimeout> | undefined;
  private tellTimer: ReturnType<typeof setTimeout> | undefined;
  private toldMs = 0;

  constructor(
    private readonly store: SignalStore,
    socketPath: string,
  ) {
    this.server = listenForMessages<ToSignals, FromSignals>(socketPath, (connection) =>
      this.open(connection),
    );
  }

  /** Writes what was taken in. */
  stop(): void {
    this.server.stop();
    clearTimeout(this.tellTimer);
    this.commit();
  }

  private open(connection: Connection): void {
    let source: SignalSourceName | undefined;
    connection.onMessage = (message) => {
      if (message?.type === "hello") {
        source = readSource(message.source);
        connection.send({ type: "ack", seq: this.store.lastSeq(source) });
      } else if (message?.type === "batch") {
        if (!source) throw new RangeError("A batch came before hello");
        this.take(connection, source, message);
      } else this.answer(connection, message);
    };
    connection.onClose = () => {
      if (source) this.store.leave(source);
      this.unacknowledged.delete(connection);
      for (const subscription of this.subscriptions) {
        if (subscription.connection === connection) this.subscriptions.delete(subscription);
      }
    };
  }

  private take(connection: Connection, source: SignalSourceName, batch: SignalBatch): void {
    requireBatch(batch);
    this.store.take(source, batch);
    this.unacknowledged.set(connection, batch.seq);
    this.commitTimer ??= setTimeout(() => this.commit(), commitDelayMs);
  }

  private commit(): void {
    clearTimeout(this.commitTimer);
    this.commitTimer = undefined;
    // Where the disk does not take them, they are in memory, and sending them again would not help.
    this.store.commit();
    for (const [connection, seq] of this.unacknowledged) connection.send({ type: "ack", seq });
    this.unacknowledged.clear();
  }

  private answer(connection: Connection, message: Exclude<ToSignals, { type: "hello" | "batch" }>): void {
    const { id } = message;
    if (typeof id !== "number") throw new RangeError("A question has no number");
    try {
      switch (message.type) {
        case "query":
          connection.send({ type: "answer", id, answer: answerQuery(this.store, message.query) });
          break;
        case "catalogue":
          connection.send({ type: "catalogue", id, signals: knownSignals(this.store, message) });
          break;
        case "overview":
          connection.send({ type: "overview", id, overview: overviewOf(this.store, message.windowMs) });
          break;
        case "minute":
          connection.send({ type: "minute", id, samples: minuteOf(this.store, message.atMs) });
          break;
        case "exposition":
          void this.expose(connection, message);
          break;
        case "subscribe":
          this.subscriptions.add({ connection, id, filter: message.filter ?? {} });
          this.tellLater();
          break;
        case "unsubscribe":
          for (const subscription of this.subscriptions) {
            if (subscription.connection === connection && subscription.id === id)
              this.subscriptions.delete(subscription);
          }
          break;
      }
    } catch (error) {
      connection.send({ type: "error", id, error: errorJson(error) });
    }
  }

  private async expose(
    connection: Connection,
    { id, format, apps }: Extract<ToSignals, { type: "exposition" }>,
  ): Promise<void> {
    try {
      // Most machines have no scraper.
      const { exposition } = await import("../prometheus/exposition.ts");
      const text = exposition(this.store, this.store.totals, format, apps && new Set(apps));
      connection.send({ type: "exposition", id, text });
    } catch (error) {
      connection.send({ type: "error", id, error: errorJson(error) });
    }
  }

  private tellLater(): void {
    if (this.subscriptions.size === 0) return;
    this.tellTimer ??= setTimeout(
      () => this.tell(),
      seconds.stepMs - ((this.store.now - tellAfterMs) % seconds.stepMs),
    );
  }

  private tell(): void {
    this.tellTimer = undefined;
    const atMs = floorTo(this.store.now - tellAfterMs, seconds.stepMs) - seconds.stepMs;
    if (atMs !== this.toldMs) {
      this.toldMs = atMs;
      for (const { connection, id, filter } of this.subscriptions) {
        if (connection.queuedBytes > queueLimitBytes) connection.close();
        else connection.send({ type: "second", id, ...secondOf(this.store, atMs, filter) });
      }
    }
    this.tellLater();
  }
}

interface Subscription {
  connection: Connection;
  id: number;
  filter: SignalFilter;
}

function readSource({ origin, name, run }: SignalSourceName): SignalSourceName {
  for (const text of [origin, name, run]) {
    if (typeof text !== "string" || text === "" || text.length > 100)
      throw new RangeError("A source has no name");
  }
  return { origin, name, run };
}

/** What is none closes its connection: a source that speaks so cannot be trusted to count. */
function requireBatch({ seq, atMs, coversMs, samples, lost = 0 }: SignalBatch): void {
  const isOne =
    Number.isSafeInteger(seq) &&
    seq > 0 &&
    Number.isSafeInteger(atMs) &&
    atMs % seconds.stepMs === 0 &&
    Number.isSafeInteger(coversMs) &&
    coversMs >= 0 &&
    coversMs <= longestCoverMs &&
    Array.isArray(samples) &&
    Number.isSafeInteger(lost) &&
    lost >= 0;
  if (!isOne) throw new RangeError("Not a batch of signals");
}
