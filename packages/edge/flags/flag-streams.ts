import { type ServedFlags, servedFlagsKey } from "@evenkeel/model";
import type { Exchange, ResponseWriter } from "../http/exchange.ts";

/** Proxies between a browser and the edge cut connections that say nothing for a minute. */
const heartbeatMs = 25_000;
/** Browsers that keep a page open; what comes beyond asks every half minute instead, as the web provider does without a stream. */
const mostStreams = 20_000;

type Owner = Pick<ServedFlags, "app" | "environment">;

/** Server-sent events that tell who holds flags to ask again: OFREP's `refetchEvaluation`. */
export class FlagStreams {
  private readonly writers = new Map<string, Set<ResponseWriter>>();
  private count = 0;
  private heartbeat: ReturnType<typeof setInterval> | undefined;

  /**
   * Who comes without having seen `version` here is told to ask again: something may have changed between its question and this.
   *
   * @returns false when there are too many
   */
  open(exchange: Exchange, owner: Owner, version: number): boolean {
    if (this.count >= mostStreams) return false;
    const key = servedFlagsKey(owner);
    const writer = exchange.startResponse(200, [
      ["content-type", "text/event-stream"],
      ["cache-control", "no-store"],
      ["x-accel-buffering", "no"],
    ]);
    const seen = exchange.header("last-event-id") === String(version);
    writer.write(`retry: 1000\n\n${seen ? "" : refetch(version)}`);
    const writers = this.writers.get(key) ?? new Set();
    this.writers.set(key, writers.add(writer));
    this.count++;
    exchange.onAbort(() => this.forget(key, writer));
    this.heartbeat ??= setInterval(() => this.beat(), heartbeatMs);
    return true;
  }

  changed(owner: Owner, version: number): void {
    const key = servedFlagsKey(owner);
    for (const writer of [...(this.writers.get(key) ?? [])]) {
      if (!writer.write(refetch(version))) this.cut(key, writer);
    }
  }

  /** Lets everybody connect anew: to another edge, or since nobody knows what changed. */
  end(): void {
    for (const [key, writers] of this.writers) {
      for (const writer of [...writers]) {
        this.forget(key, writer);
        writer.end();
      }
    }
  }

  private beat(): void {
    for (const [key, writers] of this.writers) {
      for (const writer of [...writers]) if (!writer.write(":\n\n")) this.cut(key, writer);
    }
  }

  /** It does not read: it is to connect again, and asks anew then. */
  private cut(key: string, writer: ResponseWriter): void {
    this.forget(key, writer);
    writer.abort();
  }

  private forget(key: string, writer: ResponseWriter): void {
    const writers = this.writers.get(key);
    if (!writers?.delete(writer)) return;
    if (writers.size === 0) this.writers.delete(key);
    this.count--;
    if (this.count > 0) return;
    clearInterval(this.heartbeat);
    this.heartbeat = undefined;
  }
}

const refetch = (version: number): string => `id: ${version}\ndata: {"type":"refetchEvaluation"}\n\n`;
