import { appSignalPrefix, type SignalKind, signalDefinition } from "@evenkeel/model/signals/catalogue";

/** How a signal is called and measured at a scraper: https://prometheus.io/docs/practices/naming/ */
export interface MetricFamily {
  /** Without `_total`, `_bucket`, … */
  name: string;
  kind: SignalKind;
  /** Of OpenMetrics; `""`: none. It ends the name. */
  unit: string;
  help: string;
  /** From the signal's unit to the base unit. */
  factor: number;
  /** Of histograms, in the base unit; beyond the last is `+Inf`. */
  bounds: readonly number[];
}

const secondBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Of an app's own histogram nobody knows the unit. */
const anyBounds = [-2, -1, 0, 1, 2, 3]
  .flatMap((exponent) => [1, 2.5, 5].map((digit) => digit * 10 ** exponent))
  .concat(10_000);

const units: Record<string, { unit: string; factor: number }> = {
  ms: { unit: "seconds", factor: 1e-3 },
  s: { unit: "seconds", factor: 1 },
  bytes: { unit: "bytes", factor: 1 },
  cores: { unit: "cores", factor: 1 },
  share: { unit: "ratio", factor: 1 },
  "micro-USD": { unit: "usd", factor: 1e-6 },
};

/** Names of families, each given to one signal: two that would be called alike are told apart. */
export class MetricFamilies {
  private readonly bySignal = new Map<string, MetricFamily>();
  /** Names of samples, which no two families may share. */
  private readonly taken = new Set<string>();

  of(signal: string, kind: SignalKind): MetricFamily {
    const key = `${kind} ${signal}`;
    let family = this.bySignal.get(key);
    if (!family) {
      family = this.named(signal, kind);
      this.bySignal.set(key, family);
    }
    return family;
  }

  private named(signal: string, kind: SignalKind): MetricFamily {
    const definition = signalDefinition(signal);
    const { unit, factor } = units[definition?.unit ?? ""] ?? { unit: "", factor: 1 };
    const isOwn = signal.startsWith(appSignalPrefix);
    const bare = isOwn ? `app_${signal.slice(appSignalPrefix.length)}` : signal;
    const plain = `evenkeel_${bare.replace(/[^A-Za-z0-9_]/g, "_").replace(/_(?:total|bucket|count|sum|created|info)$/, "")}`;
    let name = unit === "" || plain.endsWith(`_${unit}`) ? plain : `${plain}_${unit}`;
    if (samplesOf(name, kind).some((sample) => this.taken.has(sample)))
      name = `${name}_${new Bun.CryptoHasher("sha256").update(`${kind} ${signal}`).digest("hex").slice(0, 8)}`;
    for (const sample of samplesOf(name, kind)) this.taken.add(sample);
    return {
      ...{ name, kind, unit: name.endsWith(`_${unit}`) ? unit : "", factor },
      help: definition?.about ?? `What the app measures as ${signal.slice(appSignalPrefix.length)}.`,
      bounds: unit === "seconds" ? secondBounds : anyBounds,
    };
  }
}

const samplesOf = (name: string, kind: SignalKind): string[] =>
  kind === "gauge"
    ? [name]
    : kind === "count"
      ? [name, `${name}_total`]
      : [name, `${name}_bucket`, `${name}_sum`, `${name}_count`];
