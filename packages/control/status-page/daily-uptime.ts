import type { AppName } from "@evenkeel/model";
import type { SignalsClient } from "@evenkeel/signals/client/signals-client";
import { shownDays } from "./read-status.ts";

const dayMs = 86_400_000;
/** Days that are over do not change. */
const keepMs = 10 * 60_000;

/** How many of an app's requests were answered well on each day, by the counts of the edges. What cannot be asked now stays as it was. */
export class DailyUptime {
  private readonly known = new Map<AppName, { atMs: number; days: Map<string, number> }>();

  constructor(private readonly signals: Pick<SignalsClient, "query">) {}

  async of(app: AppName, nowMs = Date.now()): Promise<ReadonlyMap<string, number>> {
    const known = this.known.get(app);
    if (known && nowMs - known.atMs < keepMs) return known.days;
    const toMs = (Math.floor(nowMs / dayMs) + 1) * dayMs;
    const fromMs = toMs - shownDays * dayMs;
    const counts = async (signal: string) => {
      const query = { app, environment: "production", signal, fromMs, toMs, stepMs: dayMs };
      const { series, fromMs: first, stepMs } = await this.signals.query(query);
      const points = series[0]?.points ?? [];
      return new Map(
        points.flatMap((point, index) =>
          typeof point === "number"
            ? [[new Date(first + index * stepMs).toISOString().slice(0, 10), point] as const]
            : [],
        ),
      );
    };
    try {
      const [requests, errors] = await Promise.all([counts("requests"), counts("errors")]);
      const days = new Map<string, number>();
      for (const [date, count] of requests)
        if (count > 0) days.set(date, Math.max(0, 1 - (errors.get(date) ?? 0) / count));
      this.known.set(app, { atMs: nowMs, days });
      return days;
    } catch {
      return known?.days ?? new Map();
    }
  }
}
