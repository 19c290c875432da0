import { environment } from "./environment.ts";

/** How long things may take. `TIME_SCALE` divides all of them, for a provider whose time is sped up. */
export interface Timing {
  /** One request to the provider. */
  requestMs: number;
  /** So long an intent may lie before it counts as left behind; whoever wrote it asks within the half of that, or not at all. */
  intentMs: number;
  /** After the last moment at which a lost request could still arrive: only then may a missing call count as never placed. */
  uncertainMs: number;
  /** After so long without news of a call the provider is asked. */
  silenceMs: number;
  /** Where the provider is left alone for a while, at first and at most. */
  backoffMs: number;
  longestBackoffMs: number;
  retryUnitMs: number;
  lineCheckMs: number;
}

export function timing(): Timing {
  const scale = Number(process.env["TIME_SCALE"] ?? 1) || 1;
  const { DEFAULT_CRON_CADENCE } = environment();
  return {
    requestMs: 10_000,
    // How fast we are ourselves does not scale.
    intentMs: Math.max((DEFAULT_CRON_CADENCE * 1_000) / scale, 6_000),
    uncertainMs: Math.max(30_000 / scale, scale > 1 ? 1_000 : 0),
    silenceMs: (DEFAULT_CRON_CADENCE * 1_000) / scale,
    backoffMs: 1_000 / scale,
    longestBackoffMs: 60_000 / scale,
    retryUnitMs: 60_000 / scale,
    lineCheckMs: 300_000 / scale,
  };
}
