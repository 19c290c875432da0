import { EventQueue, type ScheduledEvent } from "./event-queue.ts";

export interface AccountClockParts {
  /** Does what the event says. Throws only by mistake; the clock goes on. */
  happen(event: ScheduledEvent): void;
  /** Whether the answer of a webhook is there. */
  isAnswered(webhook: string): boolean;
  /** After a stretch of events: what they changed can be written. */
  settled(): void;
}

/** One stretch of events without a look at the sockets, in milliseconds. */
const stretchMs = 8;
/** `setTimeout` cannot wait longer. */
const longestWaitMs = 2 ** 31 - 1;

/**
 * The time of one account. It passes `speed` times as fast as the real one, and events happen in the order of their times, each at
 * exactly its time: a slow machine makes them late, never different.
 *
 * An event that tells the answer of a webhook is scheduled a fixed time after the webhook was sent. If the real answer is not there by then,
 * the account's time stands still until it is, or until the provider's own limit has passed in real time. So neither the speed nor
 * the latency of the app can change what happens, or in which order.
 */
export class AccountClock {
  private readonly queue = new EventQueue();
  private anchorRealMs = Date.now();
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Waits for a webhook's answer. */
  private held = false;
  private running = false;
  private stopped = false;
  /** The time as it was first asked for in this turn of the event loop: all of one request happens at one moment. */
  private momentMs: number | undefined;

  /**
   * @param anchorMs the account's time now
   * @param rate 1 to 1000
   */
  constructor(
    private readonly parts: AccountClockParts,
    private anchorMs: number,
    private rate: number,
  ) {}

  /** The account's time in whole milliseconds; never later than the next event. */
  nowMs(): number {
    if (this.held || this.running) return this.anchorMs;
    if (this.momentMs !== undefined) return this.momentMs;
    const passedMs = this.anchorMs + Math.floor((Date.now() - this.anchorRealMs) * this.rate);
    const next = this.queue.peek();
    this.momentMs = next === undefined ? passedMs : Math.min(passedMs, Math.max(this.anchorMs, next.atMs));
    setImmediate(() => {
      this.momentMs = undefined;
    });
    return this.momentMs;
  }

  get speed(): number {
    return this.rate;
  }

  get waitsForWebhook(): boolean {
    return this.held;
  }

  get pending(): number {
    return this.queue.size;
  }

  setSpeed(speed: number): void {
    this.anchor(this.nowMs());
    this.rate = speed;
    this.plan();
  }

  add(event: ScheduledEvent): void {
    this.queue.push(event);
    if (!this.running) this.plan();
  }

  /** A webhook was answered: time may go on. */
  resume(): void {
    if (!this.held) return;
    this.held = false;
    this.anchorRealMs = Date.now();
    this.plan();
  }

  clear(nowMs: number): void {
    this.queue.clear();
    this.held = false;
    this.anchor(nowMs);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private anchor(ms: number): void {
    this.momentMs = undefined;
    this.anchorMs = ms;
    this.anchorRealMs = Date.now();
  }

  private plan(): void {
    clearTimeout(this.timer);
    const next = this.queue.peek();
    if (!next || this.held || this.stopped) return;
    const passedMs = this.anchorMs + (Date.now() - this.anchorRealMs) * this.rate;
    const waitMs = Math.max(0, (next.atMs - passedMs) / this.rate);
    this.timer = setTimeout(() => this.run(), Math.min(waitMs, longestWaitMs));
  }

  private run(): void {
    if (this.stopped || this.held) return;
    const begunMs = performance.now();
    const limitMs = this.anchorMs + (Date.now() - this.anchorRealMs) * this.rate;
    const startMs = this.anchorMs;
    const startRealMs = this.anchorRealMs;
    this.momentMs = undefined;
    this.running = true;
    for (let event = this.queue.peek(); event && event.atMs <= limitMs; event = this.queue.peek()) {
      this.anchorMs = Math.max(this.anchorMs, event.atMs);
      if (event.webhook !== undefined && !this.parts.isAnswered(event.webhook)) {
        this.held = true;
        break;
      }
      this.queue.pop();
      this.parts.happen(event);
      if (performance.now() - begunMs > stretchMs) break;
    }
    this.running = false;
    // Time that passed while events happened is not forgotten: the anchor moves along the same line.
    if (!this.held) this.anchorRealMs = startRealMs + (this.anchorMs - startMs) / this.rate;
    this.parts.settled();
    this.plan();
  }
}
