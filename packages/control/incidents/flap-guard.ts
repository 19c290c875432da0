/** An incident whose causes are gone stays open for so long, since most come back soon or not at all. */
const settleMs = 60_000;
/** It is longer with each return, so that what comes and goes for an hour is one incident, resolved once. */
const longestSettleMs = 15 * 60_000;
/** A trouble that returns so soon after its incident was resolved by the platform is that incident. */
export const reopenWithinMs = 10 * 60_000;

/** How long nothing may be wrong before an incident is resolved, in milliseconds. */
export const settleTimeMs = (flaps: number): number => Math.min(longestSettleMs, settleMs * 2 ** flaps);

/** Whether an incident that is open and has recovered is over. */
export const isSettled = (
  { recoveredAtMs, flaps }: { recoveredAtMs: number | undefined; flaps: number },
  nowMs: number,
): boolean => recoveredAtMs !== undefined && nowMs - recoveredAtMs >= settleTimeMs(flaps);
