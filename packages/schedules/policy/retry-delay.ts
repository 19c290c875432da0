const firstMs = 10_000;
const longestMs = 600_000;

/** Before the call after `failures` failed ones: 10 s, 20 s, 40 s, … 10 min. */
export const retryDelayMs = (failures: number): number =>
  Math.min(longestMs, firstMs * 2 ** Math.max(0, failures - 1));
