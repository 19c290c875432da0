import type { SignalAnswer, SignalPoint } from "@evenkeel/model";

/** Moments of an answer's buckets. */
export const timesOf = (answer: SignalAnswer | undefined): number[] =>
  (answer?.series[0]?.points ?? []).map((_, index) => answer!.fromMs + index * answer!.stepMs);

/** Counts as they are; of levels the mean. Unknown stays unknown. */
export const valuesOf = (answer: SignalAnswer | undefined): (number | null)[] =>
  (answer?.series[0]?.points ?? []).map(levelOf);

function levelOf(point: SignalPoint | null): number | null {
  if (point === null || typeof point === "number") return point;
  return "mean" in point ? point.mean : null;
}

/** Counts of a second. */
export const ratesOf = (answer: SignalAnswer | undefined): (number | null)[] =>
  valuesOf(answer).map((value) => (value === null ? null : value / (answer!.stepMs / 1_000)));

/** One of the percentiles that were asked for. */
export const percentilesAt = (answer: SignalAnswer | undefined, index: number): (number | null)[] =>
  (answer?.series[0]?.points ?? []).map((point) =>
    point !== null && typeof point === "object" && "percentiles" in point
      ? (point.percentiles[index] ?? null)
      : null,
  );

export function sumOf(answer: SignalAnswer | undefined): number | undefined {
  if (!answer) return undefined;
  const known = answer.series.flatMap(({ points }) => points).filter((point) => typeof point === "number");
  return known.reduce((sum, point) => sum + point, 0);
}
