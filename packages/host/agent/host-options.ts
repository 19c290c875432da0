import { totalmem } from "node:os";
import { parseDurationMs, parseSizeBytes } from "@evenkeel/model";

export interface HostOptions {
  /** An instance without requests for so long is ended; default 5 minutes. */
  idleMs: number;
  /** What all instances together may use; default 60 % of the machine's memory. */
  memoryBudgetBytes: number;
  /** Instances are isolated where the machine allows it; `false` never does (for tests of the other way). */
  isolate: boolean;
}

/**
 * `EVENKEEL_INSTANCE_IDLE` (`5min`), `EVENKEEL_INSTANCE_MEMORY` (`8GiB`), `EVENKEEL_ISOLATION` (`off`).
 *
 * @throws InvalidValueError
 */
export function hostOptions(environment: Record<string, string | undefined>): HostOptions {
  const idle = environment["EVENKEEL_INSTANCE_IDLE"];
  const memory = environment["EVENKEEL_INSTANCE_MEMORY"];
  return {
    idleMs: idle ? parseDurationMs(idle) : 300_000,
    memoryBudgetBytes: memory ? parseSizeBytes(memory) : totalmem() * 0.6,
    isolate: environment["EVENKEEL_ISOLATION"] !== "off",
  };
}
