import {
  type GaugeAcross,
  gaugeAcross,
  Histogram,
  type HistogramJson,
  levelHoldsS,
  type SignalSample,
  type SignalSecond,
  signalDefinition,
} from "@evenkeel/model";
import type { Clause } from "../language/clause.ts";
import { type Condition, longestSumWindowMs, longestWindowMs } from "../language/condition.ts";
import { signalsInSeconds } from "../language/measure.ts";
import type { SignalReader, Target, WindowReading } from "./signal-reader.ts";
import { Track } from "./track.ts";

const hourS = longestWindowMs / 1_000;
const minutes = longestSumWindowMs / 60_000;

/** One series that a condition is read from. */
interface Series {
  signal: string;
  /** Values above it are counted, instead of summed up. */
  above?: number;
  /** How the levels of several instances make one; absent: as the catalogue says. */
  across?: GaugeAcross | undefined;
  /** Only of this one. */
  detail?: string | undefined;
  /** Of one deployment; else of the environment. */
  byDeployment: boolean;
  widthS: number;
}

/** Of the past: a signal, how finely it is looked back at, and whether by its details. */
export interface SignalNeed {
  signal: string;
  widthS: number;
  details: boolean;
  across?: GaugeAcross;
}

interface KeptSeries extends Series {
  /** By deployment; `""` for the environment. */
  tracks: Map<string, Track>;
  /** Failures in a row, by deployment and detail. */
  failures: Map<string, { streak: number; atS: number }>;
}

/**
 * What the clauses of one app environment need of its signals, for as long as they look back: fed second by second, read in constant time.
 * Everything else of the signals is not kept.
 */
export class SignalHistory implements SignalReader {
  private readonly kept = new Map<string, KeptSeries>();
  private readonly bySignal = new Map<string, KeptSeries[]>();

  constructor(clauses: readonly Pick<Clause, "watch">[]) {
    for (const { watch } of clauses)
      for (const condition of watch?.any ?? [])
        for (const series of seriesOf(condition, watch!.detail)) this.keep(series);
  }

  /** What has to be known of the past, for whoever fills it: names of signals, with how far they are looked back at and how finely. */
  get needs(): SignalNeed[] {
    const all = [...this.kept.values()].map(
      ({ signal, widthS, detail, across }): SignalNeed => ({
        ...{ signal, widthS, details: detail !== undefined || signal === "health_check" },
        ...(across === undefined ? {} : { across }),
      }),
    );
    return [...new Map(all.map((need) => [JSON.stringify(need), need])).values()];
  }

  /** In their order; seconds of which nothing came are unknown. `samples` of other apps and environments are the caller's to leave out. */
  add({ atMs, live, samples }: SignalSecond): void {
    const second = Math.floor(atMs / 1_000);
    const bySignal = new Map<string, Part[]>();
    for (const sample of samples) {
      for (const [signal, value] of Object.entries(sample.counts ?? {}))
        push(bySignal, signal, sample, value);
      for (const [signal, value] of Object.entries(sample.gauges ?? {}))
        push(bySignal, signal, sample, value);
      for (const [signal, value] of Object.entries(sample.histograms ?? {}))
        push(bySignal, signal, sample, value);
    }
    for (const [signal, all] of this.bySignal) {
      const definition = signalDefinition(signal);
      const isLevel =
        definition?.kind === "gauge" || (!definition && bySignal.get(signal)?.[0]?.isGauge === true);
      // An origin that measured and counted nothing has seen zero; levels are only known where they were looked at.
      const zero = !isLevel && definition !== undefined && live.includes(definition.origin);
      for (const series of all) this.addTo(series, second, bySignal.get(signal) ?? [], { zero, isLevel });
    }
  }

  read(
    condition: Condition,
    target: Target,
    detail: string | undefined,
    fromS: number,
    toS: number,
  ): WindowReading {
    const all = seriesOf(condition, detail).map((series) => this.kept.get(keyOf(series)));
    const nothing = { knownS: 0, samples: 0, beyond: 0, sum: 0, whole: 0, failedInARow: 0 };
    const [first, second] = all;
    if (!first) return nothing;
    if (condition.measure.reading.how === "failures")
      return { ...nothing, ...newestFailures(first, target, fromS, toS) };
    const of = (series: KeptSeries) =>
      series.tracks.get(series.byDeployment ? (target.deployment ?? "") : "")?.over(fromS, toS) ?? {
        ...{ sum: 0, knownS: 0 },
      };
    const one = of(first);
    const other = second && of(second);
    switch (condition.measure.reading.how) {
      case "ratio":
      case "quantile":
        return { ...nothing, knownS: other!.knownS, samples: other!.sum, beyond: one.sum };
      case "share":
        return {
          ...{ ...nothing, knownS: Math.min(one.knownS, other!.knownS), samples: one.knownS },
          ...{ sum: one.sum, whole: other!.sum },
        };
      default:
        return { ...nothing, knownS: one.knownS, samples: one.knownS, sum: one.sum };
    }
  }

  private keep(series: Series): void {
    const key = keyOf(series);
    if (this.kept.has(key)) return;
    const kept: KeptSeries = { ...series, tracks: new Map(), failures: new Map() };
    this.kept.set(key, kept);
    const all = this.bySignal.get(series.signal);
    if (all) all.push(kept);
    else this.bySignal.set(series.signal, [kept]);
  }

  private addTo(
    series: KeptSeries,
    second: number,
    parts: Part[],
    { zero, isLevel }: { zero: boolean; isLevel: boolean },
  ): void {
    const values = new Map<string, number>();
    const mine = parts.filter(({ detail }) => series.detail === undefined || detail === series.detail);
    if (series.signal === "health_check") {
      for (const { deployment, detail, value } of mine) {
        const key = `${deployment}\n${detail ?? ""}`;
        const streak = (value as number) > 0 ? 0 : (series.failures.get(key)?.streak ?? 0) + 1;
        series.failures.set(key, { streak, atS: second });
      }
      return;
    }
    const groups = Map.groupBy(mine, ({ deployment }) => (series.byDeployment ? deployment : ""));
    for (const [deployment, group] of groups) values.set(deployment, combined(series, group));
    for (const [deployment, value] of values) this.trackOf(series, deployment, isLevel).add(second, value);
    if (!zero) return;
    for (const [deployment, track] of series.tracks) if (!values.has(deployment)) track.add(second, 0);
    if (!series.byDeployment && !series.tracks.has("")) this.trackOf(series, "", isLevel).add(second, 0);
  }

  private trackOf(series: KeptSeries, deployment: string, isLevel: boolean): Track {
    let track = series.tracks.get(deployment);
    if (!track) {
      const isFine = series.widthS === 1;
      track = new Track(
        isFine ? hourS : minutes,
        series.widthS,
        isFine && isLevel ? levelHoldsS(series.signal) : 1,
      );
      series.tracks.set(deployment, track);
    }
    return track;
  }

  /** Deployments that are over need no history. */
  forget(keep: ReadonlySet<string>): void {
    for (const { tracks, failures, byDeployment } of this.kept.values()) {
      if (!byDeployment) continue;
      for (const deployment of tracks.keys()) if (!keep.has(deployment)) tracks.delete(deployment);
      for (const key of failures.keys()) if (!keep.has(key.split("\n")[0]!)) failures.delete(key);
    }
  }
}

interface Part {
  deployment: string;
  detail: string | undefined;
  value: number | HistogramJson;
  isGauge: boolean;
}

function push(
  bySignal: Map<string, Part[]>,
  signal: string,
  sample: SignalSample,
  value: number | HistogramJson,
): void {
  const part: Part = {
    ...{ deployment: sample.deployment ?? "", detail: sample.detail, value },
    isGauge: sample.gauges?.[signal] === value,
  };
  const all = bySignal.get(signal);
  if (all) all.push(part);
  else bySignal.set(signal, [part]);
}

/** One number of all parts of a second. */
function combined(series: Series, parts: Part[]): number {
  const isHistogram = Array.isArray(parts[0]!.value);
  if (isHistogram) {
    let sum = 0;
    for (const { value } of parts) {
      const histogram = Histogram.fromJson(value as HistogramJson);
      sum += series.above === undefined ? histogram.count : histogram.countAbove(series.above);
    }
    return sum;
  }
  const numbers = parts.map(({ value }) => value as number);
  const scale = signalsInSeconds.has(series.signal) ? 1_000 : 1;
  const sum = numbers.reduce((total, value) => total + value, 0);
  if (!parts[0]!.isGauge) return sum;
  switch (series.across ?? gaugeAcross(series.signal)) {
    case "max":
      return Math.max(...numbers) * scale;
    case "min":
      return Math.min(...numbers) * scale;
    case "mean":
      return (sum / numbers.length) * scale;
    default:
      return sum * scale;
  }
}

/** The one that is read, then what it is compared with. */
function seriesOf({ measure, threshold, windowMs }: Condition, detail: string | undefined): Series[] {
  const { reading } = measure;
  const widthS = windowMs > longestWindowMs ? 60 : 1;
  const series = (signal: string, above?: number): Series => ({
    ...{ signal, detail, byDeployment: measure.about === "deployment", widthS },
    ...(above === undefined ? {} : { above }),
  });
  switch (reading.how) {
    case "ratio":
      return [series(reading.part), series(reading.whole)];
    case "quantile":
      return [series(reading.signal, threshold), series(reading.signal)];
    case "share":
      return [series(reading.signal), series(reading.of)];
    case "gauge":
      return [{ ...series(reading.signal), across: reading.across }];
    default:
      return [series(reading.signal)];
  }
}

const keyOf = ({ signal, above, across, detail, byDeployment, widthS }: Series): string =>
  `${signal} ${above ?? ""} ${across ?? ""} ${byDeployment ? "d" : "e"} ${widthS} ${detail ?? ""}`;

/** The worst of the checks; those of the whole environment count for each deployment. */
function newestFailures(
  { failures }: KeptSeries,
  { deployment = "" }: Target,
  fromS: number,
  toS: number,
): Pick<WindowReading, "failedInARow" | "knownS" | "samples"> {
  let failedInARow = 0;
  let samples = 0;
  for (const [key, { streak, atS }] of failures) {
    const of = key.split("\n")[0]!;
    if ((of !== "" && of !== deployment) || atS <= fromS || atS > toS) continue;
    samples++;
    failedInARow = Math.max(failedInARow, streak);
  }
  return { failedInARow, samples, knownS: samples };
}
