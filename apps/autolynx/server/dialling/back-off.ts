import type { Scoped } from "../database.ts";
import { timing } from "../timing.ts";

/**
 * How long the provider is left alone after it failed `step` times in a row: exponential with full jitter, so that instances do not come back all at
 * once, but never shorter than it asked for.
 */
export function backOffMs(
  step: number,
  askedMs: number | undefined,
  random: number,
  { firstMs, longestMs }: { firstMs: number; longestMs: number },
): number {
  const ceilingMs = Math.min(longestMs, firstMs * 2 ** Math.min(step, 20));
  const jittered = ceilingMs / 2 + (random * ceilingMs) / 2;
  return Math.round(Math.max(jittered, (askedMs ?? 0) + random * firstMs));
}

/** Nobody asks the provider for this organisation for a while. */
export async function backOff(tx: Scoped, organisation: string, askedMs: number | undefined): Promise<void> {
  const { backoffMs, longestBackoffMs } = timing();
  const [row] = await tx<{ step: number }[]>`
    SELECT backoff_step AS step FROM organisations WHERE id = ${organisation} FOR UPDATE`;
  const waitMs = backOffMs(row?.step ?? 0, askedMs, Math.random(), {
    firstMs: backoffMs,
    longestMs: longestBackoffMs,
  });
  await tx`
    UPDATE organisations SET backoff_step = least(backoff_step + 1, 20),
      paused_until = greatest(paused_until, now() + make_interval(secs => ${waitMs / 1_000}))
    WHERE id = ${organisation}`;
}
