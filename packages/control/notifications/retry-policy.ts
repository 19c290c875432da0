import type { Lane } from "./outbox-store.ts";

interface Patience {
  /** Attempts at one channel, before the next one takes over. */
  attempts: number;
  /** Between the first two; twice as long each time. */
  firstMs: number;
  longestMs: number;
  /** A channel that asks for more is given up at once if another one can take over. */
  mostAskedMs: number;
}

const patience: Record<Lane, Patience> = {
  // Whoever is to be called is reached another way within half a minute.
  page: { attempts: 4, firstMs: 1_000, longestMs: 15_000, mostAskedMs: 10_000 },
  team: { attempts: 8, firstMs: 2_000, longestMs: 120_000, mostAskedMs: 900_000 },
  subscribers: { attempts: 10, firstMs: 10_000, longestMs: 900_000, mostAskedMs: 900_000 },
};

/** Pages without another channel are tried for so long: nobody is forgotten because a provider is away for an hour. */
const longestLoneAttempts = 60;

/**
 * After an attempt that failed in passing: when to try again, in milliseconds from now; undefined: the next channel takes over. Pure.
 *
 * @param attempts so far, with the one that failed
 * @param random 0 to 1, so that what failed together does not come back together
 */
export function retryInMs(
  lane: Lane,
  attempts: number,
  given: { retryAfterMs: number | undefined; hasNext: boolean; random: number },
): number | undefined {
  const { attempts: most, firstMs, longestMs, mostAskedMs } = patience[lane];
  const { retryAfterMs = 0, hasNext, random } = given;
  const isAlone = lane === "page" && !hasNext;
  if (attempts >= (isAlone ? longestLoneAttempts : most)) return undefined;
  if (retryAfterMs > mostAskedMs && hasNext) return undefined;
  const usual = Math.min(isAlone ? 60_000 : longestMs, firstMs * 2 ** (attempts - 1));
  return Math.max(retryAfterMs, usual * (0.75 + random / 2));
}
