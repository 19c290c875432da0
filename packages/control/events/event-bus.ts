import { type AppName, randomId } from "@evenkeel/model";
import { may } from "../people/capabilities.ts";
import type { Caller } from "../tokens/caller.ts";
import { type Change, changeKinds } from "./change.ts";

/** Proxies on the way close what is silent for long. */
const heartbeatMs = 15_000;
/** A stream ends after it and the viewer asks again, with whatever rights it has by then. */
const longestMs = 300_000;
/** Bursts are told together: a hundred viewers cost as many writes, however much happens. */
const gatherMs = 200;
const keptChanges = 2_000;
/** Of a viewer that does not read; it is let go, and catches up when it is back. */
const mostUnreadBytes = 64 * 1024;

const encoder = new TextEncoder();
const heartbeat = encoder.encode(":\n\n");

interface Kept {
  sequence: number;
  change: Change;
  /** One event of the stream, written once for all viewers. */
  bytes: Uint8Array;
}

interface Viewer {
  caller: Caller;
  /** Viewers of the same rights get the same bytes. */
  scope: string;
  controller: ReadableStreamDefaultController<Uint8Array>;
  endsAtMs: number;
}

/**
 * Tells everybody who watches what has changed, as Server-Sent Events. One bus for all viewers; each change is written once.
 *
 * A viewer that comes back says which event it had last (`Last-Event-ID`) and gets what came after it. Where that is not known any more,
 * because control was started anew or too much happened, it gets the event `refetch`: look at everything again. So nothing need be kept
 * on disk.
 */
export class EventBus {
  /** Of this start: numbers of another one mean nothing. */
  private readonly epoch = randomId(8);
  private sequence = 0;
  private kept: Kept[] = [];
  private pending: Change[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private flushedAtMs = 0;
  private beat: ReturnType<typeof setInterval> | undefined;
  private readonly viewers = new Set<Viewer>();

  /** After the commit that it tells of. */
  publish(change: Change): void {
    const isSame = (other: Change) =>
      other.kind === change.kind &&
      other.app === change.app &&
      other.environment === change.environment &&
      other.id === change.id;
    if (!this.pending.some(isSame)) this.pending.push(change);
    this.timer ??= setTimeout(
      () => this.flush(),
      Math.max(0, this.flushedAtMs + gatherMs - performance.now()),
    );
  }

  /** The body of one viewer's stream. */
  open(caller: Caller, lastEventId?: string): ReadableStream<Uint8Array> {
    let viewer: Viewer | undefined;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          const opened = {
            ...{ caller, controller, scope: scopeOf(caller) },
            // Not all at once, when they came all at once.
            endsAtMs: performance.now() + longestMs * (0.8 + 0.2 * Math.random()),
          };
          viewer = opened;
          controller.enqueue(encoder.encode("retry: 1000\n"));
          controller.enqueue(this.missedBy(opened, lastEventId));
          this.viewers.add(opened);
          this.beat ??= setInterval(() => this.keepAlive(), heartbeatMs);
        },
        cancel: () => {
          if (viewer) this.forget(viewer);
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: mostUnreadBytes }),
    );
  }

  get viewerCount(): number {
    return this.viewers.size;
  }

  stop(): void {
    clearTimeout(this.timer);
    for (const viewer of [...this.viewers]) this.end(viewer);
  }

  private missedBy({ caller }: Viewer, lastEventId: string | undefined): Uint8Array {
    const position = encoder.encode(`id: ${this.epoch}-${this.sequence}\n\n`);
    if (lastEventId === undefined || lastEventId === "") return position;
    const [epoch, last] = lastEventId.split("-");
    const after = Number(last);
    const known = epoch === this.epoch && after >= (this.kept[0]?.sequence ?? this.sequence + 1) - 1;
    if (!known) return joined([encoder.encode("event: refetch\ndata: {}\n"), position]);
    const missed = this.kept.filter((kept) => kept.sequence > after && maySee(caller, kept.change));
    return joined([...missed.map(({ bytes }) => bytes), position]);
  }

  private flush(): void {
    this.timer = undefined;
    this.flushedAtMs = performance.now();
    const fresh = this.pending.map((change): Kept => {
      const sequence = ++this.sequence;
      return {
        ...{ sequence, change },
        bytes: encoder.encode(`id: ${this.epoch}-${sequence}\ndata: ${JSON.stringify(change)}\n\n`),
      };
    });
    this.pending = [];
    this.kept.push(...fresh);
    if (this.kept.length > keptChanges) this.kept = this.kept.slice(-keptChanges);
    const ofScope = new Map<string, Uint8Array>();
    for (const viewer of [...this.viewers]) {
      let bytes = ofScope.get(viewer.scope);
      if (!bytes) {
        bytes = joined(fresh.filter(({ change }) => maySee(viewer.caller, change)).map(({ bytes }) => bytes));
        ofScope.set(viewer.scope, bytes);
      }
      if (bytes.length > 0) this.send(viewer, bytes);
    }
    // Somebody's rights may be others now: all ask again.
    if (fresh.some(({ change }) => change.kind === "access")) {
      for (const viewer of [...this.viewers]) this.end(viewer);
    }
  }

  private send(viewer: Viewer, bytes: Uint8Array): void {
    if ((viewer.controller.desiredSize ?? 0) < bytes.length) this.end(viewer);
    else viewer.controller.enqueue(bytes);
  }

  private keepAlive(): void {
    const nowMs = performance.now();
    for (const viewer of [...this.viewers]) {
      if (nowMs >= viewer.endsAtMs) this.end(viewer);
      else this.send(viewer, heartbeat);
    }
  }

  private end(viewer: Viewer): void {
    this.forget(viewer);
    try {
      viewer.controller.close();
    } catch {
      // It has gone away by itself.
    }
  }

  private forget(viewer: Viewer): void {
    this.viewers.delete(viewer);
    if (this.viewers.size > 0) return;
    clearInterval(this.beat);
    this.beat = undefined;
  }
}

const maySee = (caller: Caller, { kind, app }: Change): boolean =>
  may(caller, changeKinds[kind], app as AppName | undefined);

const scopeOf = ({ permissions, onApps }: Caller): string =>
  JSON.stringify([[...permissions].sort(), [...onApps].map(([app, each]) => [app, [...each].sort()]).sort()]);

function joined(pieces: Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? pieces[0]! : new Uint8Array(Buffer.concat(pieces));
}
