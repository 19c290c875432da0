import type { SignalKind } from "@evenkeel/model";
import { Histogram } from "@evenkeel/model/signals/histogram";
import type { Point } from "../points/chunk.ts";
import type { Series } from "./series.ts";

/** What was counted of each series since `sinceMs`, for scrapers, which take differences of totals. Ends with its series. */
export class Totals {
  private readonly totals = new WeakMap<Series, number | Histogram>();

  constructor(readonly sinceMs: number) {}

  add(series: Series, point: Point): void {
    if (series.kind === "count") {
      this.totals.set(series, ((this.totals.get(series) as number | undefined) ?? 0) + (point as number));
    } else if (series.kind === "histogram") {
      let total = this.totals.get(series) as Histogram | undefined;
      if (!total) {
        total = new Histogram();
        this.totals.set(series, total);
      }
      total.merge(point as Histogram);
    }
  }

  /** A series that was measured before and not since has a total of nothing. */
  of(series: Series & { kind: Exclude<SignalKind, "gauge"> }): number | Histogram {
    return this.totals.get(series) ?? (series.kind === "count" ? 0 : new Histogram());
  }
}
