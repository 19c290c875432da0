import type { ServedDeployment } from "@evenkeel/model";

/** One function's instances and the wish for one more. */
export interface ScalingView {
  ready: number;
  starting: number;
  /** Requests that wait at the edge which asked. */
  waiting: number;
  /** Since the newest instance became ready; Infinity without one. */
  sinceReadyMs: number;
  maxInstances: number;
}

/** Edges call an instance busy when it has this many requests in flight. */
export const busyInFlight = 100;
/** Edges repeat a need each 250 ms; a younger one may have crossed the news of the instance that answers it. */
const crossingMs = 200;

/** Whether a need is to be answered by one more start. */
export function shouldStart({ ready, starting, waiting, sinceReadyMs, maxInstances }: ScalingView): boolean {
  if (ready + starting >= maxInstances) return false;
  if (starting > 0) return waiting > starting * busyInFlight;
  return ready === 0 || sinceReadyMs > crossingMs;
}

/** How many instances a peak of requests in flight needs; more may be given up. With room, so that it does not swing. */
export function sufficientInstances(peakInFlight: number): number {
  return Math.max(1, Math.ceil(peakInFlight / (busyInFlight * 0.6)));
}

export interface BudgetView {
  budgetBytes: number;
  /** Of all instances, as last measured. */
  usedBytes: number;
  /** Instances that are starting; they will use something. */
  starting: number;
}

const startEstimateBytes = 128 * 1024 * 1024;

/** Whether the machine has memory for one more instance. Limits of instances may exceed it in sum; what they use may not. */
export function hasMemoryFor({ budgetBytes, usedBytes, starting }: BudgetView): boolean {
  return usedBytes + (starting + 1) * startEstimateBytes <= budgetBytes;
}

/** Of a function that asks for so much, in an environment that may have been given more. */
export const scaledMemoryMb = (askedMb: number, memory: ServedDeployment["memory"]): number =>
  memory ? Math.max(askedMb, Math.min(askedMb * memory.factor, memory.mostMb)) : askedMb;
