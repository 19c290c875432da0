import type { KnownSignal } from "@evenkeel/model";
import { signalDefinition } from "@evenkeel/model/signals/catalogue";
import { type SeriesName, seriesKey } from "../store/series.ts";
import type { SignalStore } from "../store/signal-store.ts";

/** What is measured of an app, or was within a year: by environment and signal, in the order of their names. */
export function knownSignals(
  { table, database }: SignalStore,
  { app, environment }: { app: string; environment?: string },
): KnownSignal[] {
  const signals = new Map<string, KnownSignal>();
  const seen = new Set<string>();
  const note = (name: SeriesName, kind: KnownSignal["kind"], lastMs: number) => {
    if (environment !== undefined && name.environment !== environment) return;
    const key = `${name.environment}\n${name.signal}`;
    let known = signals.get(key);
    if (!known) {
      const { unit = "", about } = signalDefinition(name.signal) ?? {};
      known = { signal: name.signal, kind, unit, about, environment: name.environment, lastMs: 0, series: 0 };
      signals.set(key, known);
    }
    known.lastMs = Math.max(known.lastMs, lastMs);
    if (seen.has(seriesKey(name))) return;
    seen.add(seriesKey(name));
    known.series++;
  };
  for (const { name, kind, lastMs } of database.series({ app })) note(name, kind, lastMs);
  for (const { name, kind, lastMs } of table.of(app)) note(name, kind, lastMs);
  return [...signals.values()].sort((a, b) =>
    a.environment === b.environment ? (a.signal < b.signal ? -1 : 1) : a.environment < b.environment ? -1 : 1,
  );
}
