import { randomFillSync } from "node:crypto";
import type { TraceSampler } from "./trace-sampler.ts";

/** One time that a request was passed on. Times are `performance.now()`; 0: it did not come to that. */
export class TracedCall {
  /** When an instance was there and the request was sent to it; of the last attempt. */
  sentMs = 0;
  /** The head of the answer. */
  headMs = 0;
  endMs = 0;
  attempts = 0;
  /** It had to wait, because there was no instance at all. */
  isColdStart = false;
  instance: string | undefined;
  failure: string | undefined;

  constructor(
    readonly trace: RequestTrace,
    /** What follows there is this one's child. */
    readonly spanId: string,
    readonly name: string,
    readonly beganMs: number,
  ) {}

  /** https://www.w3.org/TR/trace-context/#traceparent-header */
  get traceparent(): string {
    return `00-${this.trace.traceId}-${this.spanId}-${this.trace.isSampled ? "01" : "00"}`;
  }
}

/**
 * A request's place in a trace. Every request that an app is asked to answer has one, so that what goes wrong can be told by its id; spans are made
 * of those alone that are sampled, or that turn out to be worth it.
 */
export class RequestTrace {
  readonly calls: TracedCall[] = [];

  constructor(
    readonly traceId: string,
    /** Of the client's; `""` where the trace begins here. */
    readonly parentId: string,
    readonly isSampled: boolean,
  ) {}

  call(name: string): TracedCall {
    const call = new TracedCall(this, newSpanId(), name, performance.now());
    this.calls.push(call);
    return call;
  }
}

const traceparent = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/;

/**
 * Goes on with the client's trace, or begins one (https://www.w3.org/TR/trace-context/#a-traceparent-is-received). A client who does not want its
 * trace recorded is heard; one who does is, within the site's rate.
 */
export function beginTrace(header: string | undefined, sampler: TraceSampler): RequestTrace {
  const given = header === undefined ? null : traceparent.exec(header);
  if (!given) return new RequestTrace(randomHex(16), "", sampler.take());
  const isWanted = (Number.parseInt(given[3]!, 16) & 1) === 1;
  return new RequestTrace(given[1]!, given[2]!, isWanted && sampler.take());
}

export const newSpanId = (): string => randomHex(8);

const pool = Buffer.alloc(8_192);
let used = pool.length;

/** Bytes come from a pool: one call for each id would cost more than all the rest. Never all zero: that would be no id. */
function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const hex = pool.toString("hex", used, used + bytes);
  used += bytes;
  return hex === "0".repeat(2 * bytes) ? randomHex(bytes) : hex;
}
