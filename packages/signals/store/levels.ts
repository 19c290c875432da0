/** A resolution in which signals are kept. Chunks of 60 (hours: 24) points each, so that a chunk of one level is a point of the next. */
export interface Level {
  name: "seconds" | "minutes" | "hours";
  stepMs: number;
  /** Of one chunk. */
  spanMs: number;
  keptMs: number;
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

export const seconds: Level = { name: "seconds", stepMs: second, spanMs: minute, keptMs: hour };
export const minutes: Level = { name: "minutes", stepMs: minute, spanMs: hour, keptMs: 30 * day };
export const hours: Level = { name: "hours", stepMs: hour, spanMs: day, keptMs: 365 * day };

export const levels: readonly Level[] = [seconds, minutes, hours];

/** The beginning of the step of this width that `ms` is in. */
export const floorTo = (ms: number, stepMs: number): number => Math.floor(ms / stepMs) * stepMs;
