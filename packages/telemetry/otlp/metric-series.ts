import { ownSeriesLimit } from "@evenkeel/model";
import { type Buckets, bucketValues, subtractBuckets } from "./buckets.ts";
import type { HistogramPoint, MetricPoint, SumPoint } from "./read-metrics.ts";

/** What was measured since the last point of its series. */
export type Measurement = MeasurementBase &
  (
    | { kind: "gauge" | "count"; value: number }
    | { kind: "histogram"; sum: number | undefined; values: [value: number, count: number][] }
  );

interface MeasurementBase {
  metric: string;
  unit: string;
  /** `seriesName` of the point. */
  series: string;
  attributes: MetricPoint["attributes"];
}

type Total = SumPoint | HistogramPoint;

interface Series {
  usedAtMs: number;
  /** The newest of a cumulative series. */
  total: Total | undefined;
}

export interface MetricSeriesOptions {
  /** Series of one app environment; default `ownSeriesLimit`. */
  limit?: number;
  /** A series that nobody sent for so long makes room for another, in milliseconds; default 70 minutes, as long as the store of signals has it. */
  idleMs?: number;
}

/**
 * The series of one app environment: makes differences of cumulative points, and bounds how many series there are.
 *
 * A total that begins anew (another start, or less of something) counts from zero. The first total of a series counts whole if it began after we
 * did; otherwise it is only what later ones are compared with, because what of it is new cannot be known.
 */
export class MetricSeries {
  private readonly series = new Map<string, Series>();
  private readonly limit: number;
  private readonly idleMs: number;

  constructor(
    private readonly bornMs: number,
    { limit = ownSeriesLimit, idleMs = 70 * 60_000 }: MetricSeriesOptions = {},
  ) {
    this.limit = limit;
    this.idleMs = idleMs;
  }

  get size(): number {
    return this.series.size;
  }

  /** A text: why it is refused. Undefined: nothing new is in the point. */
  take(point: MetricPoint, deployment: string, nowMs: number): Measurement | string | undefined {
    const name = seriesName(point.attributes);
    const series = this.seriesOf(`${deployment}\n${point.metric}\n${point.kind}\n${name}`, nowMs);
    if (!series) return `an app environment may have ${this.limit} series; use attributes with fewer values`;
    const base = { metric: point.metric, unit: point.unit, series: name, attributes: point.attributes };
    if (point.kind === "gauge") return { ...base, kind: "gauge", value: point.value };
    const since = point.temporality === "delta" ? point : differenceOf(series, point, this.bornMs);
    if (!since) return undefined;
    if (since.kind === "sum") {
      if (since.value < 0) return "a count below zero";
      return since.value === 0 ? undefined : { ...base, kind: "count", value: since.value };
    }
    if (since.buckets.counts.size === 0) return undefined;
    return { ...base, kind: "histogram", sum: since.sum, values: bucketValues(since.buckets, since) };
  }

  private seriesOf(key: string, nowMs: number): Series | undefined {
    let series = this.series.get(key);
    if (!series) {
      if (this.series.size >= this.limit) this.forgetIdle(nowMs);
      if (this.series.size >= this.limit) return undefined;
      series = { usedAtMs: nowMs, total: undefined };
      this.series.set(key, series);
    }
    series.usedAtMs = nowMs;
    return series;
  }

  private forgetIdle(nowMs: number): void {
    for (const [key, { usedAtMs }] of this.series)
      if (nowMs - usedAtMs > this.idleMs) this.series.delete(key);
  }
}

/** What `total` has more than the one before it. */
function differenceOf(series: Series, total: Total, bornMs: number): Total | undefined {
  const before = series.total;
  if (!before) {
    series.total = total;
    return total.startMs >= bornMs ? total : undefined;
  }
  // Sent again, or overtaken on the way.
  if (total.startMs <= before.startMs && total.atMs <= before.atMs) return undefined;
  series.total = total;
  if (total.startMs > before.startMs) return total;
  if (total.kind === "sum" && before.kind === "sum") {
    return total.value < before.value ? total : { ...total, value: total.value - before.value };
  }
  if (total.kind !== "histogram" || before.kind !== "histogram") return total;
  const buckets: Buckets | undefined = subtractBuckets(total.buckets, before.buckets);
  if (!buckets) return total;
  const sum = total.sum === undefined || before.sum === undefined ? undefined : total.sum - before.sum;
  // Smallest and largest are of the whole total, not of what came since.
  return { ...total, buckets, sum, min: undefined, max: undefined };
}

/** `model=gpt-4o,region=eu`: attributes in one line, in the order of their names. */
export function seriesName(attributes: MetricPoint["attributes"]): string {
  return Object.keys(attributes)
    .sort()
    .map((name) => {
      const value = attributes[name];
      return `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`;
    })
    .join(",");
}
