import { Histogram } from "@evenkeel/model/signals/histogram";
import type { Exposition } from "@evenkeel/model/signals/signals-protocol";
import type { GaugeLevels } from "../points/gauge-point.ts";
import { origins } from "../query/second-of.ts";
import { floorTo, seconds } from "../store/levels.ts";
import type { Series } from "../store/series.ts";
import type { SignalStore } from "../store/signal-store.ts";
import type { Totals } from "../store/totals.ts";
import { labelsOf } from "./labels.ts";
import { MetricFamilies, type MetricFamily } from "./metric-family.ts";

/** A level that nobody has looked at for so long is unknown, and left out. */
const gaugeAgeMs = 120_000;
/** Sources have told of a second by then. */
const settledMs = 1_500;
/** Of one answer; what is beyond is left out, and said to be. */
const sampleLimit = 100_000;

/**
 * What is measured, as scrapers read it: Prometheus' text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/) or OpenMetrics 1.0
 * (https://prometheus.io/docs/specs/om/open_metrics_spec/). Counts and histograms are totals, levels the newest; nothing is told of what nobody measured.
 *
 * @param apps whose; absent: all, and the platform itself
 */
export function exposition(
  store: SignalStore,
  totals: Totals,
  format: Exposition,
  apps: ReadonlySet<string> | undefined,
): string {
  const families = new MetricFamilies();
  const found = new Map<MetricFamily, Series[]>();
  const wanted = [...store.table.of()].filter(
    ({ name }) => name.signal !== "heartbeat" && (apps === undefined || apps.has(name.app)),
  );
  // In one order, so that families that would be called alike are called the same each time.
  for (const series of wanted.sort(byName)) {
    const family = families.of(series.name.signal, series.kind);
    const members = found.get(family);
    if (members) members.push(series);
    else found.set(family, [series]);
  }
  const text = new ExpositionText(format);
  for (const [family, members] of found) {
    const samples = members.flatMap((series) => samplesOf(store, totals, family, series));
    text.add(family, samples);
  }
  if (apps === undefined) {
    text.add(
      measuringFamily,
      origins.map((origin) => `evenkeel_measuring{origin="${origin}"} ${lives(store, origin)}`),
    );
  }
  return text.end();
}

const byName = (one: Series, other: Series): number => {
  const [a, b] = [one, other].map(({ name: { signal, app, deployment = "", detail = "" } }) =>
    [signal, app, deployment, detail].join("\n"),
  );
  return a! < b! ? -1 : a! > b! ? 1 : 0;
};

const measuringFamily: MetricFamily = {
  ...{ name: "evenkeel_measuring", kind: "gauge", unit: "", factor: 1, bounds: [] },
  help: "1 where a part of the platform measures: what it does not tell is zero, otherwise unknown.",
};

const lives = (store: SignalStore, origin: (typeof origins)[number]): number =>
  store.measured(origin, floorTo(store.now - settledMs, seconds.stepMs) - seconds.stepMs) ? 1 : 0;

function samplesOf(store: SignalStore, totals: Totals, family: MetricFamily, series: Series): string[] {
  const labels = labelsOf(series.name);
  const sample = (suffix: string, value: number, more: string[] = []) => {
    const all = [...labels, ...more];
    return `${family.name}${suffix}${all.length === 0 ? "" : `{${all.join(",")}}`} ${told(value)}`;
  };
  if (series.kind === "gauge") {
    if (series.lastMs < store.now - gaugeAgeMs) return [];
    const levels = series.at(series.lastMs) as GaugeLevels | undefined;
    return levels ? [sample("", levels.last * family.factor)] : [];
  }
  const total = totals.of(series as Series & { kind: "count" | "histogram" });
  if (!(total instanceof Histogram)) return [sample("_total", total * family.factor)];
  return [
    ...family.bounds.map((bound) =>
      sample("_bucket", total.count - total.countAbove(bound / family.factor), [`le="${told(bound)}"`]),
    ),
    sample("_bucket", total.count, ['le="+Inf"']),
    sample("_sum", total.sum * family.factor),
    sample("_count", total.count),
  ];
}

/** Shorter than what binary fractions leave behind a scale. */
const told = (value: number): string =>
  (Number.isInteger(value) ? value : Number(value.toPrecision(12))).toString();

/** Text of one answer, family by family. */
class ExpositionText {
  private readonly lines: string[] = [];
  private samples = 0;
  private leftOut = 0;

  constructor(private readonly format: Exposition) {}

  add({ name, kind, unit, help }: MetricFamily, samples: string[]): void {
    if (samples.length === 0) return;
    if (this.samples + samples.length > sampleLimit) {
      this.leftOut += samples.length;
      return;
    }
    this.samples += samples.length;
    const isOpen = this.format === "openmetrics";
    // OpenMetrics names the family, the older format its samples.
    const family = kind === "count" && !isOpen ? `${name}_total` : name;
    const type = kind === "count" ? "counter" : kind;
    this.lines.push(
      `# HELP ${family} ${help
        .replace(/\\/g, "\\\\")
        .replace(/\n/g, "\\n")
        .replace(/"/g, isOpen ? '\\"' : '"')}`,
    );
    this.lines.push(`# TYPE ${family} ${type}`);
    if (isOpen && unit !== "") this.lines.push(`# UNIT ${family} ${unit}`);
    for (const sample of samples) this.lines.push(sample);
  }

  end(): string {
    this.samples = 0;
    const help = "Samples that were more than one answer holds: ask with a token of fewer apps.";
    const family: MetricFamily = { ...measuringFamily, name: "evenkeel_samples_left_out", help };
    this.add(family, [`${family.name} ${this.leftOut}`]);
    if (this.format === "openmetrics") this.lines.push("# EOF");
    return `${this.lines.join("\n")}\n`;
  }
}
