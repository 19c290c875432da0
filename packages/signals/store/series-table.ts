import type { SignalKind } from "@evenkeel/model";
import { appSignalPrefix } from "@evenkeel/model/signals/catalogue";
import { Series, type SeriesName, seriesKey } from "./series.ts";

/** The series of the last hour, by app; each app environment may have so many of its own, and each app so many by which the platform measures it. */
export class SeriesTable {
  private readonly apps = new Map<string, AppSeries>();

  constructor(private readonly limits: { ownSeries: number; platformSeries: number }) {}

  find(name: SeriesName): Series | undefined {
    const app = this.apps.get(name.app);
    const key = seriesKey(name);
    return app?.platform.get(key) ?? app?.own.get(name.environment)?.get(key);
  }

  /** Undefined where the app has as many series as it may. */
  findOrMake(name: SeriesName, kind: SignalKind): Series | undefined {
    let app = this.apps.get(name.app);
    if (!app) {
      app = { own: new Map(), platform: new Map() };
      this.apps.set(name.app, app);
    }
    const isOwn = name.signal.startsWith(appSignalPrefix);
    const group = isOwn ? ownOf(app, name.environment) : app.platform;
    const key = seriesKey(name);
    let series = group.get(key);
    if (!series) {
      if (group.size >= (isOwn ? this.limits.ownSeries : this.limits.platformSeries)) return undefined;
      series = new Series(name, kind);
      group.set(key, series);
    }
    return series;
  }

  /** The series of an app; of all without one. */
  *of(app?: string): Iterable<Series> {
    for (const { own, platform } of app === undefined ? this.apps.values() : this.appOf(app)) {
      yield* platform.values();
      for (const series of own.values()) yield* series.values();
    }
  }

  /** Forgets minutes that began before `ms`, and series that have no other. */
  forgetBefore(ms: number): void {
    for (const [name, { own, platform }] of this.apps) {
      for (const group of [...own.values(), platform]) {
        for (const [key, series] of group) if (!series.forgetBefore(ms)) group.delete(key);
      }
      for (const [environment, group] of own) if (group.size === 0) own.delete(environment);
      if (own.size === 0 && platform.size === 0) this.apps.delete(name);
    }
  }

  private appOf(app: string): AppSeries[] {
    const series = this.apps.get(app);
    return series ? [series] : [];
  }
}

function ownOf({ own }: AppSeries, environment: string): Map<string, Series> {
  let group = own.get(environment);
  if (!group) {
    group = new Map();
    own.set(environment, group);
  }
  return group;
}

interface AppSeries {
  /** By environment. */
  own: Map<string, Map<string, Series>>;
  platform: Map<string, Series>;
}
