import type { HttpLimits } from "./limits.ts";
import type { ServerRequestBody } from "./request-body.ts";
import { sweeper } from "./sweeper.ts";

/** How long one client may still take for what it has to do next. */
export class ClientDeadlines {
  /** A head has begun and is not complete. */
  inHead = false;
  private deadlineMs: number;
  private windowBytes = 0;
  private progressMs = 0;

  constructor(private readonly limits: HttpLimits) {
    // Browsers open connections that they may need soon.
    this.deadlineMs = sweeper.nowMs + Math.max(limits.headTimeoutMs, limits.idleTimeoutMs);
  }

  /** It is to send a request. `begun`: a part of its head has come; the time of a head runs from its first byte. */
  requestAwaited(begun: boolean): void {
    if (!begun) this.deadlineMs = sweeper.nowMs + this.limits.idleTimeoutMs;
    else if (!this.inHead) this.deadlineMs = sweeper.refresh() + this.limits.headTimeoutMs;
    this.inHead = begun;
  }

  requestOver(nowMs: number): boolean {
    return nowMs >= this.deadlineMs;
  }

  /** It is to send a body. */
  bodyAwaited(body: ServerRequestBody): void {
    this.windowBytes = body.receivedBytes;
    this.deadlineMs = sweeper.refresh() + this.limits.bodyTimeoutMs;
  }

  /** The body made too little progress. While its reader holds it back, or when enough has come, a new span begins. */
  bodyOver(body: ServerRequestBody, nowMs: number): boolean {
    if (body.received) return false;
    if (body.awaited && body.receivedBytes - this.windowBytes < this.limits.bodyMinimumBytes) {
      return nowMs >= this.deadlineMs;
    }
    this.bodyAwaited(body);
    return false;
  }

  /** It took something of what waits for it, or the first thing began to wait. */
  tookAnswer(): void {
    this.progressMs = sweeper.nowMs;
  }

  answerOver(nowMs: number): boolean {
    return nowMs - this.progressMs > this.limits.sendTimeoutMs;
  }

  /** Everything was sent; it is to close. */
  closeOver(nowMs: number): boolean {
    return nowMs - this.progressMs > this.limits.lingerMs;
  }
}
