import type {
  GaugeAcross,
  GaugePoint,
  PercentilesPoint,
  SignalAnswer,
  SignalKind,
  SignalPoint,
  SignalQuery,
  SignalSeries,
} from "@evenkeel/model";
import { gaugeAcross, signalDefinition } from "@evenkeel/model/signals/catalogue";
import { Histogram } from "@evenkeel/model/signals/histogram";
import { platformScope } from "@evenkeel/model/signals/signal-scope";
import { SignalQueryError } from "../errors.ts";
import { type Point, pointKinds } from "../points/chunk.ts";
import type { GaugeLevels } from "../points/gauge-point.ts";
import { seconds } from "../store/levels.ts";
import { heartbeatOf, type SignalStore } from "../store/signal-store.ts";
import { type QueryRange, queryRange } from "./query-range.ts";
import { type FoundSeries, findSeries, readSeries } from "./read-series.ts";

/** More series than an answer tells by deployment or detail; those with the newest points come first. */
const mostSeries = 500;

/**
 * Answers a query. Histograms are merged, never their percentiles; what nobody measured is null.
 *
 * @throws SignalQueryError
 */
export function answerQuery(store: SignalStore, query: SignalQuery): SignalAnswer {
  const definition = signalDefinition(query.signal);
  const range = queryRange(query, store.now);
  const found = findSeries(store, query);
  const kind = definition?.kind ?? found[0]?.kind;
  if (!kind) {
    throw new SignalQueryError(
      `There is no signal "${query.signal}" of ${query.app} in ${query.environment}`,
      {
        hint: `See what is measured: evenkeel metrics ${query.app} --list`,
      },
    );
  }
  const known = definition && kind !== "gauge" ? knownBuckets(store, definition.origin, range) : undefined;
  const series: SignalSeries[] = [];
  for (const [name, members] of groupsOf(found, query.by)) {
    const buckets =
      kind === "gauge"
        ? levels(store, members, range, query.across ?? gaugeAcross(query.signal))
        : sums(store, members, kind, range);
    const points = Array.from({ length: range.buckets }, (_, index): SignalPoint | null => {
      const point = buckets[index] ?? (known?.[index] ? (kind === "count" ? 0 : new Histogram()) : undefined);
      return point === undefined ? null : tellPoint(point, query.percentiles);
    });
    series.push({ ...(query.by && { [query.by]: name }), points });
  }
  return {
    signal: query.signal,
    kind,
    unit: definition?.unit ?? "",
    fromMs: range.fromMs,
    stepMs: range.stepMs,
    series,
  };
}

function groupsOf(found: FoundSeries[], by: SignalQuery["by"]): Map<string, FoundSeries[]> {
  if (by === undefined) return new Map([["", found]]);
  const newestFirst = found.toSorted((a, b) => (b.inMemory?.lastMs ?? 0) - (a.inMemory?.lastMs ?? 0));
  const groups = Map.groupBy(newestFirst, ({ name }) => name[by] ?? "");
  return new Map([...groups].slice(0, mostSeries));
}

/** Counts and histograms add up over time and over series alike. */
function sums(
  store: SignalStore,
  members: FoundSeries[],
  kind: SignalKind,
  range: QueryRange,
): (Point | undefined)[] {
  const { merge } = pointKinds[kind];
  const buckets: (Point | undefined)[] = [];
  for (const member of members) {
    if (member.kind !== kind) continue;
    readSeries(store, member, range, (atMs, point) => {
      const bucket = Math.floor((atMs - range.fromMs) / range.stepMs);
      buckets[bucket] = merge(buckets[bucket], point);
    });
  }
  return buckets;
}

/** Levels are averaged over time within a series; only then are series put together. */
function levels(
  store: SignalStore,
  members: FoundSeries[],
  range: QueryRange,
  across: GaugeAcross,
): GaugePoint[] {
  const buckets: GaugePoint[][] = [];
  for (const member of members) {
    for (const [bucket, point] of (
      sums(store, [member], "gauge", range) as (GaugeLevels | undefined)[]
    ).entries()) {
      if (point === undefined) continue;
      const { seen, sum, least, greatest, last } = point;
      buckets[bucket] ??= [];
      buckets[bucket].push({ mean: sum / seen, least, greatest, last });
    }
  }
  return buckets.map((points) => together(points, across));
}

export function together(points: GaugePoint[], across: GaugeAcross): GaugePoint {
  const of = (name: keyof GaugePoint): number => {
    const values = points.map((point) => point[name]);
    if (across === "max") return Math.max(...values);
    if (across === "min") return Math.min(...values);
    const sum = values.reduce((total, value) => total + value, 0);
    return across === "sum" ? sum : sum / values.length;
  };
  return { mean: of("mean"), least: of("least"), greatest: of("greatest"), last: of("last") };
}

function knownBuckets(
  store: SignalStore,
  origin: Parameters<typeof heartbeatOf>[0],
  range: QueryRange,
): boolean[] {
  const known: boolean[] = [];
  const note = (atMs: number) => {
    known[Math.floor((atMs - range.fromMs) / range.stepMs)] = true;
  };
  const name = heartbeatOf(origin);
  for (const heartbeat of findSeries(store, {
    ...platformScope,
    signal: name.signal,
    detail: name.detail!,
  })) {
    readSeries(store, heartbeat, range, note);
  }
  const last = range.parts.at(-1);
  if (last?.level === seconds) {
    for (let atMs = Math.max(last.fromMs, last.toMs - 3 * 10_000); atMs < last.toMs; atMs += seconds.stepMs) {
      if (store.livesAt(origin, atMs)) note(atMs);
    }
  }
  return known;
}

function tellPoint(point: Point | GaugePoint, shares: number[] | undefined): SignalPoint {
  if (!(point instanceof Histogram)) return point as number | GaugePoint;
  return shares ? percentilesOf(point, shares) : point.toJSON();
}

export function percentilesOf(histogram: Histogram, shares: readonly number[]): PercentilesPoint {
  const { count } = histogram;
  return {
    count,
    mean: histogram.mean ?? 0,
    greatest: count === 0 ? 0 : histogram.greatest,
    percentiles: count === 0 ? [] : shares.map((share) => histogram.percentile(share)!),
  };
}
