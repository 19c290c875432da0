import { platformScope, type SignalQuery, type SignalSecond } from "@evenkeel/model";
import { getApp } from "../../apps/app-store.ts";
import { visibleApps } from "../../people/capabilities.ts";
import type { signalRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

const usualSpanMs = 3_600_000;
/** Of a client that does not read; the oldest seconds go. */
const mostUnreadSeconds = 60;

const contentTypes = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
} as const;

/** The time of a query as it was given, completed. */
function timeOf({
  sinceMs,
  untilMs = Date.now(),
  stepMs,
}: {
  sinceMs?: number;
  untilMs?: number;
  stepMs: number;
}) {
  return { fromMs: sinceMs ?? untilMs - usualSpanMs, toMs: untilMs, stepMs };
}

export function signalHandlers({ database, signals }: ControlParts): HandlersOf<typeof signalRoutes> {
  return {
    async listSignals({ params: { app }, query: { environment } }) {
      await getApp(database, app);
      return { signals: await signals.catalogue(app, environment) };
    },
    async querySignal({ params: { app, signal }, query }) {
      await getApp(database, app);
      const { environment, deployment, detail, by, percentiles } = query;
      const asked: SignalQuery = {
        app,
        environment,
        signal,
        deployment,
        detail,
        by,
        percentiles,
        ...timeOf(query),
      };
      return signals.query(asked);
    },
    async *followSignals({ params: { app }, query: { environment, signals: names }, signal }) {
      await getApp(database, app);
      const filter = { app, environment, signals: names?.split(",") };
      yield* secondsUntil(signal, (onSecond) => signals.subscribe(filter, onSecond));
    },
    overviewSignals: ({ query: { windowMs } }) => signals.overview(windowMs),
    async scrapeSignals({ caller, accept = "" }) {
      const format = accept.includes("application/openmetrics-text") ? "openmetrics" : "prometheus";
      const apps = visibleApps(caller, "metrics");
      const text = await signals.exposition(format, apps && [...apps]);
      return { text, contentType: contentTypes[format] };
    },
    queryPlatformSignal: ({ params: { signal }, query }) => {
      const { detail, by, percentiles } = query;
      return signals.query({ ...platformScope, signal, detail, by, percentiles, ...timeOf(query) });
    },
  };
}

async function* secondsUntil(
  signal: AbortSignal,
  subscribe: (onSecond: (second: SignalSecond) => void) => () => void,
): AsyncGenerator<SignalSecond, void, void> {
  let heard = Promise.withResolvers<void>();
  const unread: SignalSecond[] = [];
  const end = () => heard.resolve();
  signal.addEventListener("abort", end);
  const unsubscribe = subscribe((second) => {
    unread.push(second);
    if (unread.length > mostUnreadSeconds) unread.shift();
    heard.resolve();
  });
  try {
    while (!signal.aborted) {
      await heard.promise;
      heard = Promise.withResolvers();
      yield* unread.splice(0);
    }
  } finally {
    unsubscribe();
    signal.removeEventListener("abort", end);
  }
}
