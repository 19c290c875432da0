import { type Attributes, type Cleaner, cleanText, noCleaner, readAttributes } from "./attributes.ts";
import { type Buckets, explicitBuckets, exponentialBuckets } from "./buckets.ts";
import {
  type DataPoint,
  type ExponentialDataPoint,
  type HistogramDataPoint,
  type Metric,
  type MetricsRequest,
  type NumberDataPoint,
  nanosToMs,
  toNumber,
} from "./otlp-types.ts";

/** `delta`: since the last point. `cumulative`: since `startMs`. */
export type Temporality = "delta" | "cumulative";

interface PointBase {
  metric: string;
  unit: string;
  attributes: Attributes;
  /** 0 where none was given. */
  startMs: number;
  atMs: number;
}

export interface GaugePoint extends PointBase {
  kind: "gauge";
  value: number;
}

export interface SumPoint extends PointBase {
  kind: "sum";
  temporality: Temporality;
  value: number;
}

export interface HistogramPoint extends PointBase {
  kind: "histogram";
  temporality: Temporality;
  buckets: Buckets;
  /** Of all measured values; undefined where the app does not tell. */
  sum: number | undefined;
  min: number | undefined;
  max: number | undefined;
}

export type MetricPoint = GaugePoint | SumPoint | HistogramPoint;

export interface ReadMetrics {
  points: MetricPoint[];
  /** Why points were not read → how many. */
  refusals: Map<string, number>;
}

const nameLimit = 255;
const noValue = 1;

/** The points of an export, in the order of their times. Summaries, which cannot be merged, are refused. */
export function readMetrics(request: MetricsRequest, cleaner: Cleaner = noCleaner): ReadMetrics {
  const points: MetricPoint[] = [];
  const refusals = new Map<string, number>();
  const refuse = (why: string, count: number) => refusals.set(why, (refusals.get(why) ?? 0) + count);
  for (const { scopeMetrics } of request.resourceMetrics) {
    for (const { metrics } of scopeMetrics) {
      for (const metric of metrics) {
        const [read, wrong, count] = readMetric(metric, cleaner);
        points.push(...read);
        if (count > 0) refuse(wrong, count);
      }
    }
  }
  return { points: points.sort((one, other) => one.atMs - other.atMs), refusals };
}

type Read = [points: MetricPoint[], wrong: string, refused: number];

function readMetric(metric: Metric, cleaner: Cleaner): Read {
  const base: BaseOf = (point) => baseOf(metric, point, cleaner);
  switch (metric.data) {
    case "gauge":
      return readNumbers(metric, metric.gauge.dataPoints, undefined, base);
    case "sum": {
      const { dataPoints, isMonotonic, aggregationTemporality } = metric.sum;
      // What goes up and down is a level: its newest total is what counts.
      if (!isMonotonic && aggregationTemporality === 2)
        return readNumbers(metric, dataPoints, undefined, base);
      const temporality = temporalityOf(aggregationTemporality);
      if (!temporality) return [[], "a sum without temporality", dataPoints.length];
      return readNumbers(metric, dataPoints, temporality, base);
    }
    case "histogram": {
      const { dataPoints, aggregationTemporality } = metric.histogram;
      return readHistograms(metric, dataPoints, temporalityOf(aggregationTemporality), explicitBuckets, base);
    }
    case "exponentialHistogram": {
      const { dataPoints, aggregationTemporality } = metric.exponentialHistogram;
      return readHistograms(
        metric,
        dataPoints,
        temporalityOf(aggregationTemporality),
        exponentialBuckets,
        base,
      );
    }
    case "summary":
      return [[], "summaries cannot be merged: send histograms", metric.summary.dataPoints.length];
    default:
      return [[], "a metric without data", 1];
  }
}

const temporalityOf = (number: number): Temporality | undefined =>
  number === 1 ? "delta" : number === 2 ? "cumulative" : undefined;

type BaseOf = (point: DataPoint) => PointBase;

const baseOf = ({ name, unit }: Metric, point: DataPoint, cleaner: Cleaner): PointBase => ({
  metric: cleanText(name, nameLimit, cleaner),
  unit: cleanText(unit, 63, cleaner),
  attributes: readAttributes(point.attributes, cleaner),
  startMs: nanosToMs(point.startTimeUnixNano),
  atMs: nanosToMs(point.timeUnixNano),
});

function readNumbers(
  metric: Metric,
  dataPoints: NumberDataPoint[],
  temporality: Temporality | undefined,
  base: BaseOf,
): Read {
  const points: MetricPoint[] = [];
  let refused = 0;
  for (const point of dataPoints) {
    if ((point.flags & noValue) !== 0) continue;
    const value = point.value === "asInt" ? toNumber(point.asInt) : point.asDouble;
    if (metric.name === "" || !Number.isFinite(value)) refused++;
    else if (temporality) points.push({ ...base(point), kind: "sum", temporality, value });
    else points.push({ ...base(point), kind: "gauge", value });
  }
  return [points, "a point without a name or a finite value", refused];
}

function readHistograms<Point extends HistogramDataPoint | ExponentialDataPoint>(
  metric: Metric,
  dataPoints: Point[],
  temporality: Temporality | undefined,
  readBuckets: (point: Point) => Buckets | undefined,
  base: BaseOf,
): Read {
  if (!temporality) return [[], "a histogram without temporality", dataPoints.length];
  const points: MetricPoint[] = [];
  let refused = 0;
  for (const point of dataPoints) {
    if ((point.flags & noValue) !== 0) continue;
    const buckets = metric.name === "" ? undefined : readBuckets(point);
    if (buckets) {
      const ends = { sum: finite(point, "sum"), min: finite(point, "min"), max: finite(point, "max") };
      points.push({ ...base(point), kind: "histogram", temporality, buckets, ...ends });
    } else refused++;
  }
  return [points, "a histogram whose buckets do not fit its bounds", refused];
}

function finite(
  point: HistogramDataPoint | ExponentialDataPoint,
  name: "sum" | "min" | "max",
): number | undefined {
  return Object.hasOwn(point, name) && Number.isFinite(point[name]) ? point[name] : undefined;
}
