import type { Instance } from "./instance.ts";

/** Without a request for less than this, an instance is not idle but between two requests. */
const evictableAfterMs = 2_000;

/** The instance that is missed least when its memory is needed elsewhere; none while all are at work. */
export function idlestInstance(
  instances: readonly Instance[],
  inFlight: (instance: Instance) => number,
  nowMs: number,
): Instance | undefined {
  return instances
    .filter(
      (instance) =>
        instance.state === "ready" &&
        instance.background === 0 &&
        inFlight(instance) === 0 &&
        nowMs - instance.usedAtMs >= evictableAfterMs,
    )
    .sort((one, two) => one.usedAtMs - two.usedAtMs)[0];
}
