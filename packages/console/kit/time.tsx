import { useSyncExternalStore } from "react";
import { ago } from "./format.ts";

const shown = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const clock = new Intl.DateTimeFormat(undefined, {
  ...{ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
});
const day = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

let nowMs = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
const everyMs = 5_000;

/** One clock for every time on the page. */
function listen(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    nowMs = Date.now();
    for (const each of listeners) each();
  }, everyMs);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

export const useNow = (): number => useSyncExternalStore(listen, () => nowMs);

const both = (ms: number): string =>
  `${shown.format(ms)}\n${new Date(ms)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z/, " UTC")}`;

/** How long ago; on hover in the viewer's zone and in UTC. */
export function Ago({ ms }: { ms: number | undefined }) {
  const now = useNow();
  if (ms === undefined) return <span className="text-faint">–</span>;
  return (
    <time dateTime={new Date(ms).toISOString()} title={both(ms)} className="tabular whitespace-nowrap">
      {ago(ms, Math.max(now, ms > now && ms <= Date.now() ? ms : now))}
    </time>
  );
}

/** At which moment, in the viewer's zone. */
export function When({ ms, only }: { ms: number; only?: "clock" | "day" }) {
  const text = only === "clock" ? clock.format(ms) : only === "day" ? day.format(ms) : shown.format(ms);
  return (
    <time dateTime={new Date(ms).toISOString()} title={both(ms)} className="tabular whitespace-nowrap">
      {text}
    </time>
  );
}
