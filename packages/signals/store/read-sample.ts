import type { HistogramJson, SignalKind, SignalSample } from "@evenkeel/model";
import { appSignalPrefix, signalDefinition } from "@evenkeel/model/signals/catalogue";
import { Histogram } from "@evenkeel/model/signals/histogram";
import type { Point } from "../points/chunk.ts";
import { gaugeLevel } from "../points/gauge-point.ts";
import type { SeriesName } from "./series.ts";

/** Why something measured is not kept; a detail of `signals_dropped`. */
export type DropReason = "series_limit" | "name" | "value" | "clock" | "buffer";

const ownName = /^app\.[A-Za-z_][\w./-]{0,119}$/;
const scopeName = /^[\w.-]{1,64}$/;
const environments = new Set(["production", "staging", "preview", "development"]);
const longestDetail = 200;

/**
 * Reads what a source says of one scope. What it says is not trusted: each value that is none goes to `drop`, and nothing throws.
 */
export function readSample(
  sample: SignalSample,
  keep: (name: SeriesName, kind: SignalKind, point: Point) => void,
  drop: (reason: DropReason) => void,
): void {
  const { app, environment, deployment, detail } = sample ?? {};
  if (
    typeof app !== "string" ||
    !scopeName.test(app) ||
    !environments.has(environment) ||
    (deployment !== undefined && (typeof deployment !== "string" || !scopeName.test(deployment))) ||
    (detail !== undefined &&
      (typeof detail !== "string" || detail.length > longestDetail || /[\n\0]/.test(detail)))
  ) {
    drop("name");
    return;
  }
  const scope = { app, environment, ...(deployment && { deployment }), ...(detail && { detail }) };
  const take = (
    kind: SignalKind,
    values: object | undefined,
    read: (value: unknown) => Point | undefined,
  ) => {
    for (const [signal, value] of Object.entries(values ?? {})) {
      if (!isKnown(signal, kind)) drop("name");
      else {
        const point = read(value);
        if (point === undefined) drop("value");
        else keep({ ...scope, signal }, kind, point);
      }
    }
  };
  take("count", sample.counts, (value) => (isNumber(value) && value >= 0 ? value : undefined));
  take("gauge", sample.gauges, (value) => (isNumber(value) ? gaugeLevel(value) : undefined));
  take("histogram", sample.histograms, readHistogram);
}

const isNumber = (value: unknown): value is number => Number.isFinite(value);

function isKnown(signal: string, kind: SignalKind): boolean {
  return signal.startsWith(appSignalPrefix) ? ownName.test(signal) : signalDefinition(signal)?.kind === kind;
}

function readHistogram(value: unknown): Histogram | undefined {
  if (!Array.isArray(value)) return undefined;
  try {
    return Histogram.fromJson(value as HistogramJson);
  } catch {
    return undefined;
  }
}
