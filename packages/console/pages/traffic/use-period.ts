import { useEffect, useState } from "react";

const minuteMs = 60_000;
const periods = {
  "1h": { spanMs: 60 * minuteMs, stepMs: 30_000 },
  "6h": { spanMs: 360 * minuteMs, stepMs: 3 * minuteMs },
  "24h": { spanMs: 1_440 * minuteMs, stepMs: 12 * minuteMs },
  "7d": { spanMs: 7 * 1_440 * minuteMs, stepMs: 60 * minuteMs },
  "30d": { spanMs: 30 * 1_440 * minuteMs, stepMs: 360 * minuteMs },
};
export type PeriodName = keyof typeof periods;

/** The last hour, day, …; it moves on by a step at a time. */
export function usePeriod(name: PeriodName): { sinceMs: number; untilMs: number; stepMs: number } {
  const { spanMs, stepMs } = periods[name];
  const newest = () => Math.ceil(Date.now() / stepMs) * stepMs;
  const [untilMs, setUntilMs] = useState(newest);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `newest` is a function of the step
  useEffect(() => {
    setUntilMs(newest());
    const timer = setInterval(() => setUntilMs(newest()), Math.max(10_000, stepMs / 2));
    return () => clearInterval(timer);
  }, [stepMs]);
  return { sinceMs: untilMs - spanMs, untilMs, stepMs };
}
