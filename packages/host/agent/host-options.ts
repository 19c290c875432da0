import { totalmem } from "node:os";
import { parseDurationMs, parseSizeBytes } from "@evenkeel/model";

export interface HostOptions {
  /** An instance without requests for so long is ended; default 5 minutes. */
  idleMs: number;
  /** What all instances together may use; default 60 % of the machine's memory. */
  memoryBudgetBytes: number;
  /** Instances are isolated where the machine allows it; `false` never does (for tests of the other way). */
  isolate: boolean;
  /** A `web` process has to listen within this time; default 60 s, as at Heroku. */
  bootMs: number;
  /** From SIGTERM to SIGKILL for processes of services; default 30 s, as at Heroku. */
  stopMs: number;
}

/**
 * `EVENKEEL_INSTANCE_IDLE` (`5min`), `EVENKEEL_INSTANCE_MEMORY` (`8GiB`), `EVENKEEL_ISOLATION` (`off`), `EVENKEEL_BOOT_TIMEOUT` (`60s`), `EVENKEEL_STOP_TIMEOUT` (`30s`).
 *
 * @throws InvalidValueError
 */
export function hostOptions(environment: Record<string, string | undefined>): HostOptions {
  const idle = environment["EVENKEEL_INSTANCE_IDLE"];
  const memory = environment["EVENKEEL_INSTANCE_MEMORY"];
  const stop = environment["EVENKEEL_STOP_TIMEOUT"];
  const boot = environment["EVENKEEL_BOOT_TIMEOUT"];
  return {
    stopMs: stop ? parseDurationMs(stop) : 30_000,
    bootMs: boot ? parseDurationMs(boot) : 60_000,
    idleMs: idle ? parseDurationMs(idle) : 300_000,
    memoryBudgetBytes: memory ? parseSizeBytes(memory) : totalmem() * 0.6,
    isolate: environment["EVENKEEL_ISOLATION"] !== "off",
  };
}
