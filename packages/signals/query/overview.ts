import type { GaugePoint, Histogram, SignalOverview, SignalOverviewRow } from "@evenkeel/model";
import { appSignalPrefix, gaugeAcross } from "@evenkeel/model/signals/catalogue";
import { SignalQueryError } from "../errors.ts";
import { mergePoints, type Point, type Points, pointKinds } from "../points/chunk.ts";
import type { GaugeLevels } from "../points/gauge-point.ts";
import { floorTo, seconds } from "../store/levels.ts";
import type { Series } from "../store/series.ts";
import type { SignalStore } from "../store/signal-store.ts";
import { percentilesOf, together } from "./answer-query.ts";
import { origins } from "./second-of.ts";

const longestWindowMs = 600_000;
export const overviewShares = [0.5, 0.95, 0.99] as const;
/** Sources have told of a second by then. */
const settledMs = 1_500;

/**
 * What was measured lately, one row for each app environment: one pass over what is in memory. Apps' own signals are left out.
 *
 * @throws SignalQueryError
 */
export function overviewOf(store: SignalStore, windowMs: number): SignalOverview {
  if (!(windowMs >= seconds.stepMs && windowMs <= longestWindowMs)) {
    throw new SignalQueryError(`A window of ${windowMs} ms is not between 1 s and 10 min`);
  }
  const atMs = store.now;
  const toMs = floorTo(atMs - settledMs, seconds.stepMs) + seconds.stepMs;
  const fromMs = floorTo(toMs - windowMs, seconds.stepMs);
  const apps = new Map<string, AppWindow>();
  for (const series of store.table.of()) {
    const { app, environment, signal } = series.name;
    if (series.lastMs < fromMs || signal === "heartbeat" || signal.startsWith(appSignalPrefix)) continue;
    const point = mergePoints(series.kind, pointsOf(series, fromMs, toMs));
    if (point === undefined) continue;
    const key = `${app}\n${environment}`;
    let window = apps.get(key);
    if (!window) {
      window = { app, environment, sums: new Map(), levels: new Map() };
      apps.set(key, window);
    }
    addTo(window, series, point);
  }
  const rows = [...apps].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, window]) => rowOf(window));
  const live = origins.filter((origin) => store.measured(origin, toMs - seconds.stepMs));
  return {
    atMs,
    windowMs: toMs - fromMs,
    live,
    ...(store.diskFault && { diskFault: store.diskFault }),
    rows,
  };
}

interface AppWindow {
  app: string;
  environment: string;
  sums: Map<string, number | Histogram>;
  levels: Map<string, GaugePoint[]>;
}

function pointsOf(series: Series, fromMs: number, toMs: number): Points {
  const points: Points = [];
  for (let startMs = floorTo(fromMs, seconds.spanMs); startMs < toMs; startMs += seconds.spanMs) {
    series.minute(startMs)?.forEach((point, index) => {
      const atMs = startMs + index * seconds.stepMs;
      if (point !== undefined && atMs >= fromMs && atMs < toMs) points.push(point);
    });
  }
  return points;
}

function addTo({ sums, levels }: AppWindow, { name: { signal }, kind }: Series, point: Point): void {
  if (kind === "gauge") {
    const { seen, sum, least, greatest, last } = point as GaugeLevels;
    const known = levels.get(signal) ?? [];
    levels.set(signal, [...known, { mean: sum / seen, least, greatest, last }]);
  } else sums.set(signal, pointKinds[kind].merge(sums.get(signal), point) as number | Histogram);
}

function rowOf({ app, environment, sums, levels }: AppWindow): SignalOverviewRow {
  const row: SignalOverviewRow = { app, environment, counts: {}, gauges: {}, histograms: {} };
  for (const [signal, sum] of sums) {
    if (typeof sum === "number") row.counts[signal] = sum;
    else row.histograms[signal] = percentilesOf(sum, overviewShares);
  }
  for (const [signal, points] of levels) row.gauges[signal] = together(points, gaugeAcross(signal)).mean;
  return row;
}
