import { type FromSignals, Histogram, type SignalSample, type ToSignals } from "@evenkeel/model";
import { listenForMessages, type MessageConnection } from "@evenkeel/wire";

/** The process of signals as control sees it: tells whoever subscribed what a test says was measured, and has kept nothing. */
export class FakeSignals {
  private readonly readers = new Map<MessageConnection<ToSignals, FromSignals>, Set<number>>();
  private readonly server: { stop(): void };
  private seconds = 0;
  /** What control measured itself. */
  readonly received: SignalSample[] = [];

  constructor(socketPath: string) {
    this.server = listenForMessages<ToSignals, FromSignals>(socketPath, (connection) => {
      const subscriptions = new Set<number>();
      this.readers.set(connection, subscriptions);
      connection.onMessage = (message) => {
        if (message.type === "subscribe") subscriptions.add(message.id);
        else if (message.type === "unsubscribe") subscriptions.delete(message.id);
        else if (message.type === "hello") connection.send({ type: "ack", seq: 0 });
        else if (message.type === "batch") {
          this.received.push(...message.samples);
          connection.send({ type: "ack", seq: message.seq });
        } else if (message.type === "exposition")
          connection.send({ type: "exposition", id: message.id, text: (message.apps ?? []).join(",") });
        else if (message.type === "catalogue")
          connection.send({ type: "catalogue", id: message.id, signals: [] });
        else if (message.type === "query") {
          const { signal, fromMs, stepMs } = message.query;
          const answer = { signal, fromMs, stepMs, kind: "count" as const, unit: "requests", series: [] };
          connection.send({ type: "answer", id: message.id, answer });
        }
      };
      connection.onClose = () => this.readers.delete(connection);
    });
  }

  /** One second in which a deployment of the app `shop` was asked so often. */
  measure(deployment: string, requests: number, { errors = 0, ms = 20 } = {}): void {
    const scope = { app: "shop", environment: "production", deployment } as const;
    const latency = new Histogram();
    latency.record(ms, requests);
    const samples: SignalSample[] = [
      { ...scope, counts: { requests }, histograms: { latency: latency.toJSON() } },
      { ...scope, detail: "app", counts: { errors } },
    ];
    const atMs = Date.now() + ++this.seconds * 1_000;
    for (const [connection, subscriptions] of this.readers)
      for (const id of subscriptions) connection.send({ type: "second", id, atMs, live: ["edge"], samples });
  }

  stop(): void {
    this.server.stop();
  }
}
