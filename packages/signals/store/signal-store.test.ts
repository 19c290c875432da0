import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Histogram,
  platformScope,
  type SignalBatch,
  type SignalQuery,
  type SignalSample,
} from "@evenkeel/model";
import { answerQuery } from "../query/answer-query.ts";
import { knownSignals } from "../query/known-signals.ts";
import { SignalStore, type SignalStoreOptions } from "./signal-store.ts";

const startMs = Date.UTC(2026, 2, 3, 10, 0, 0);
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

let folder: string;
let nowMs: number;
const stores: SignalStore[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-signals-"));
  nowMs = startMs;
});
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(options: Partial<SignalStoreOptions> = {}): SignalStore {
  const store = new SignalStore({ folder, now: () => nowMs, ...options });
  stores.push(store);
  return store;
}

/** As a killed process leaves it: nothing more is written. */
function abandon(store: SignalStore): void {
  stores.splice(stores.indexOf(store), 1);
  store.database.close();
}

const edge = { origin: "edge", name: "edge-0", run: "1.1" } as const;
const shop = { app: "shop", environment: "production" } as const;
let seq = 0;
const batch = (atMs: number, samples: SignalSample[], coversMs = 1_000): SignalBatch => ({
  ...{ type: "batch", seq: ++seq, atMs, coversMs, samples },
});
const requests = (count: number, deployment = "d1"): SignalSample => ({
  ...shop,
  deployment,
  counts: { requests: count },
});

function ask(store: SignalStore, query: Partial<SignalQuery>) {
  const whole = { ...shop, signal: "requests", fromMs: startMs, toMs: nowMs, stepMs: 0, ...query };
  return answerQuery(store, whole).series;
}
const points = (store: SignalStore, query: Partial<SignalQuery>) => ask(store, query)[0]!.points;

test("seconds of several edges and deployments add up, and what nobody measured is unknown", () => {
  const store = open();
  nowMs = startMs + 10_000;
  store.take(edge, batch(startMs + 1_000, [requests(3), requests(2, "d2")]));
  store.take({ ...edge, name: "edge-1" }, { ...batch(startMs + 1_000, [requests(4)]) });
  store.take(edge, batch(startMs + 3_000, [], 2_000));
  const query = { stepMs: 1_000, toMs: startMs + 5_000 };
  expect(points(store, query)).toEqual([null, 9, 0, 0, null]);
  expect(points(store, { ...query, deployment: "d1" })).toEqual([null, 7, 0, 0, null]);
  expect(ask(store, { ...query, by: "deployment", stepMs: 5_000 })).toEqual([
    { deployment: "d1", points: [7] },
    { deployment: "d2", points: [2] },
  ]);
  expect(points(store, { ...query, signal: "instance_restarts" })).toEqual([null, null, null, null, null]);
});

test("percentiles of minutes, hours and the whole come from merged histograms, through all levels", () => {
  const store = open();
  const all = new Histogram();
  for (let second = 0; second < 3 * 3_600; second += 20) {
    nowMs = startMs + second * 1_000 + 1_000;
    const latency = Histogram.of(
      Array.from({ length: 20 }, (_, index) => 1 + ((second * 31 + index * 7) % 997) ** 1.4),
    );
    all.merge(latency);
    store.take(
      edge,
      batch(startMs + second * 1_000, [
        { ...shop, deployment: "d1", histograms: { latency: latency.toJSON() } },
      ]),
    );
    if (second % 60 === 0) {
      store.commit();
      store.fold();
    }
    if (second % 600 === 0) store.sweep();
  }
  const query = { signal: "latency", percentiles: [0.5, 0.95, 0.99] };
  const exact = [0.5, 0.95, 0.99].map((share) => all.percentile(share));
  expect(points(store, query)).toMatchObject([{ count: all.count, percentiles: exact }]);
  const hourly = points(store, { ...query, stepMs: hour, percentiles: undefined }) as number[][];
  expect(hourly.length).toBe(3);
  const merged = hourly.reduce((sum, json) => sum.merge(Histogram.fromJson(json)), new Histogram());
  // The sum differs in its last bits by the order of addition.
  expect(merged.toJSON().slice(1)).toEqual(all.toJSON().slice(1));
  // Seconds of what is older than an hour are gone; a minute is the finest.
  expect(
    answerQuery(store, { ...shop, signal: "latency", fromMs: startMs, toMs: nowMs, stepMs: 1_000 }).stepMs,
  ).toBe(minute);
});

test("a batch that was kept counts once, however often it is sent and the process is killed", () => {
  let store = open();
  const batches = Array.from({ length: 200 }, (_, index) => batch(startMs + index * 1_000, [requests(1)]));
  for (const [index, sent] of batches.entries()) {
    nowMs = sent.atMs + 1_000;
    // Everything since the last acknowledgement comes again after a kill.
    if (index % 37 === 36) {
      abandon(store);
      store = open();
      const kept = store.lastSeq(edge);
      for (const again of batches.slice(0, index)) {
        expect(store.take(edge, again)).toBe(again.seq > kept);
      }
    }
    store.take(edge, sent);
    store.take(edge, sent);
    if (index % 5 === 0) store.commit();
    if (index % 50 === 0) store.fold();
  }
  store.commit();
  abandon(store);
  store = open();
  nowMs += 10_000;
  expect(points(store, {})).toEqual([200]);
  store.fold(nowMs);
  store.fold(nowMs);
  nowMs += 2 * hour;
  store.sweep();
  expect(points(store, {})).toEqual([200]);
});

test("a late second is rolled up with its minute, one that is too old or ahead is refused and counted", () => {
  const store = open();
  store.take(edge, batch(startMs, [requests(1)]));
  nowMs = startMs + 10 * minute;
  store.commit();
  store.fold();
  store.take(edge, batch(startMs + 30_000, [requests(1)]));
  store.commit();
  store.fold();
  nowMs = startMs + 56 * minute;
  store.take(edge, batch(startMs, [requests(100)]));
  store.take(edge, batch(nowMs + minute, [requests(100), requests(100, "d2")]));
  nowMs += day;
  store.fold();
  store.sweep();
  expect(points(store, {})).toEqual([2]);
  expect(points(store, { ...platformScope, signal: "signals_dropped", detail: "clock" })).toEqual([3]);
});

test("a clock that is set back or far ahead loses nothing that was rolled up and corrupts nothing", () => {
  const store = open();
  for (const stepMs of [0, 2 * day, -day, -2 * day]) {
    nowMs += stepMs;
    store.take(edge, batch(nowMs - 1_000, [requests(10)]));
    store.commit();
    store.fold(nowMs + minute);
    store.sweep();
  }
  nowMs = startMs + 3 * day;
  expect(points(store, { fromMs: startMs - 2 * day, toMs: nowMs })).toEqual([40]);
});

test("an app that makes series without end is bounded, others and the platform's own measures of it are not", () => {
  const store = open({ ownSeriesLimit: 50 });
  nowMs = startMs + 2_000;
  for (let user = 0; user < 1_000; user++) {
    store.take(edge, batch(startMs, [{ ...shop, detail: `user=${user}`, counts: { "app.logins": 1 } }]));
  }
  store.take(edge, batch(startMs, [requests(5), { ...shop, app: "blog", counts: { "app.posts": 1 } }]));
  expect(points(store, { signal: "app.logins" })).toEqual([50]);
  expect(points(store, { signal: "signals_dropped", detail: "series_limit" })).toEqual([950]);
  expect(points(store, {})).toEqual([5]);
  expect(points(store, { app: "blog", signal: "app.posts" })).toEqual([1]);
  expect(knownSignals(store, { app: "shop" }).find(({ signal }) => signal === "app.logins")!.series).toBe(50);
});

test("what is no measure is refused value by value, and counted", () => {
  const store = open();
  nowMs = startMs + 2_000;
  const bad = [
    null,
    { app: "../x", environment: "production", counts: { requests: 1 } },
    { ...shop, environment: "moon", counts: { requests: 1 } },
    { ...shop, counts: { requests: -1 } },
    { ...shop, counts: { requests: "7" } },
    { ...shop, counts: { nothing: 1 } },
    { ...shop, gauges: { requests: 1 } },
    { ...shop, histograms: { latency: [1, 2, 3, -7, 1] } },
    { ...shop, detail: "x".repeat(201), counts: { requests: 1 } },
  ] as SignalSample[];
  store.take(edge, batch(startMs, [...bad, requests(2)]));
  expect(points(store, {})).toEqual([2]);
  expect(points(store, { ...platformScope, signal: "signals_dropped" })).toEqual([bad.length]);
});

test("gauges are averaged over time before deployments and instances are put together", () => {
  const store = open();
  const memory = (instance: string, bytes: number): SignalSample => ({
    ...{ ...shop, deployment: "d1", detail: instance, gauges: { instance_memory: bytes } },
  });
  nowMs = startMs + 20_000;
  store.take(edge, batch(startMs, [memory("1", 100), memory("2", 10)]));
  store.take(edge, batch(startMs + 5_000, [memory("1", 200)]));
  const together = { mean: 160, least: 110, greatest: 210, last: 210 };
  expect(points(store, { signal: "instance_memory", toMs: startMs + 10_000 })).toEqual([together]);
  store.take(edge, batch(startMs, [{ ...platformScope, gauges: { disk_used: 7 } }]));
  expect(points(store, { ...platformScope, signal: "disk_used" })).toMatchObject([{ last: 7 }]);
});

test("the oldest minutes go first when the budget is used up, and the newest go on being kept", () => {
  const store = open({ diskBudgetBytes: 512 * 1024 });
  let value = 1;
  for (let step = 0; step < 6 * 24; step++) {
    nowMs = startMs + step * hour;
    const samples = Array.from({ length: 40 }, (_, series): SignalSample => {
      value = (value * 48_271) % 2_147_483_647;
      return { ...shop, deployment: `d${series}`, gauges: { instance_memory: value / 7 } };
    });
    for (let second = 0; second < 3; second++)
      store.take(edge, batch(nowMs - minute * (second + 1), samples));
    store.commit();
    store.fold();
    store.sweep();
  }
  expect(store.diskFault).toBeUndefined();
  expect(store.database.usedBytes).toBeLessThanOrEqual(512 * 1024);
  const daily = points(store, { signal: "instance_memory", stepMs: day, toMs: nowMs });
  expect(daily.at(-1)).not.toBeNull();
}, 60_000);

test("a file that is no database any more is moved aside, and signals begin anew", () => {
  writeFileSync(join(folder, "signals.sqlite"), "this is not SQLite".repeat(1_000));
  const store = open();
  nowMs = startMs + 2_000;
  store.take(edge, batch(startMs, [requests(2)]));
  expect(store.commit()).toBe(true);
  expect(points(store, {})).toEqual([2]);
});

test("a query that cannot be answered says why", () => {
  const store = open();
  nowMs = startMs + hour;
  const refused = (query: Partial<SignalQuery>) => {
    try {
      ask(store, query);
      return undefined;
    } catch (error) {
      return (error as { code?: string }).code;
    }
  };
  expect(refused({ stepMs: 1_500 })).toBe("signal_query_invalid");
  expect(refused({ toMs: startMs - 1 })).toBe("signal_query_invalid");
  expect(refused({ fromMs: Number.NaN })).toBe("signal_query_invalid");
  expect(refused({ fromMs: 0, stepMs: hour })).toBe("signal_query_invalid");
  expect(refused({ signal: "no_such" })).toBe("signal_query_invalid");
});
