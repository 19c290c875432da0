import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Histogram, type SignalBatch, type SignalSample, type SignalSourceName } from "@evenkeel/model";
import { SignalStore } from "../store/signal-store.ts";
import { exposition } from "./exposition.ts";

const startMs = Date.UTC(2026, 2, 1, 12);
const edge: SignalSourceName = { origin: "edge", name: "edge-0", run: "1" };
const shop = { app: "shop", environment: "production", deployment: "d1" } as const;

let folder: string;
let nowMs: number;
let seq: number;
let store: SignalStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-scrape-"));
  nowMs = startMs;
  seq = 0;
  store = new SignalStore({ folder, now: () => nowMs });
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

function measure(...samples: SignalSample[]): void {
  const batch: SignalBatch = { type: "batch", seq: ++seq, atMs: nowMs, coversMs: 1_000, samples };
  store.take(edge, batch);
  store.commit();
  nowMs += 1_000;
}

const scrape = (format: "prometheus" | "openmetrics" = "prometheus", apps?: string[]) =>
  exposition(store, store.totals, format, apps && new Set(apps));

interface Parsed {
  type: string;
  help: string;
  unit?: string;
  samples: Map<string, number>;
}

/** As strict as a scraper: families stand together once, each sample under its own, no sample twice, labels well quoted. */
function parse(text: string, format: "prometheus" | "openmetrics"): Map<string, Parsed> {
  const families = new Map<string, Parsed>();
  const lines = text.split("\n");
  expect(lines.pop()).toBe("");
  if (format === "openmetrics") expect(lines.pop()).toBe("# EOF");
  let current = "";
  for (const line of lines) {
    const comment = /^# (HELP|TYPE|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line);
    if (comment) {
      const [, what, name, words] = comment as unknown as [string, string, string, string];
      if (what === "HELP") {
        expect(families.has(name)).toBe(false);
        families.set(name, { help: words, type: "", samples: new Map() });
        current = name;
      } else {
        expect(name).toBe(current);
        if (what === "TYPE") families.get(name)!.type = words;
        else families.get(name)!.unit = words;
      }
      continue;
    }
    const sample =
      /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"(?:,|(?=\})))*)\})? (\S+)$/.exec(
        line,
      );
    if (!sample) throw new Error(`Not a line of the format: ${line}`);
    const { type, samples } = families.get(current)!;
    const base = type === "counter" && format === "prometheus" ? current.replace(/_total$/, "") : current;
    const suffixes = { counter: ["_total"], gauge: [""], histogram: ["_bucket", "_sum", "_count"] }[type]!;
    expect(suffixes.map((suffix) => base + suffix)).toContain(sample[1]!);
    const labels = [...(sample[2] ?? "").matchAll(/([a-zA-Z0-9_]+)="/g)].map(([, name]) => name);
    expect(new Set(labels).size).toBe(labels.length);
    const key = `${sample[1]}{${sample[2] ?? ""}}`;
    expect(samples.has(key)).toBe(false);
    expect(Number(sample[3])).not.toBeNaN();
    samples.set(key, Number(sample[3]));
  }
  for (const [name, { type, unit, samples }] of families) {
    expect(type).not.toBe("");
    expect(samples.size).toBeGreaterThan(0);
    if (unit !== undefined) expect(name.endsWith(`_${unit}`)).toBe(true);
    if (type === "histogram") expectRisingBuckets(samples);
  }
  return families;
}

function expectRisingBuckets(samples: Map<string, number>): void {
  const last = new Map<string, { le: number; count: number }>();
  for (const [key, count] of samples) {
    const le = /le="([^"]+)"/.exec(key)?.[1];
    if (le === undefined) continue;
    const series = key.replace(/,?le="[^"]+"/, "");
    const bound = le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le);
    const before = last.get(series) ?? { le: Number.NEGATIVE_INFINITY, count: 0 };
    expect(bound).toBeGreaterThan(before.le);
    expect(count).toBeGreaterThanOrEqual(before.count);
    last.set(series, { le: bound, count });
    if (le === "+Inf") expect(samples.get(series.replace("_bucket", "_count"))).toBe(count);
  }
}

const latency = (...values: number[]): SignalSample => ({
  ...shop,
  counts: { requests: values.length },
  histograms: { latency: Histogram.of(values).toJSON() },
});

test.each(["prometheus", "openmetrics"] as const)(
  "totals, levels and histograms read as %s, in base units",
  (format) => {
    scrape();
    measure(latency(3, 40, 700, 90_000), { ...shop, detail: "i-1", gauges: { instance_memory: 1_024 } });
    measure(latency(40), { ...shop, detail: "openai", counts: { spend: 1_500_000 } });
    const families = parse(scrape(format), format);
    const requests = format === "prometheus" ? "evenkeel_requests_total" : "evenkeel_requests";
    const labels = 'app="shop",environment="production",deployment="d1"';
    expect(families.get(requests)).toMatchObject({ type: "counter" });
    expect(families.get(requests)!.samples.get(`evenkeel_requests_total{${labels}}`)).toBe(5);
    const seconds = families.get("evenkeel_latency_seconds")!;
    const at = (le: string) => seconds.samples.get(`evenkeel_latency_seconds_bucket{${labels},le="${le}"}`);
    expect(["0.005", "0.05", "1", "60", "+Inf"].map(at)).toEqual([1, 3, 4, 4, 5]);
    expect(seconds.samples.get(`evenkeel_latency_seconds_sum{${labels}}`)).toBeCloseTo(90.783, 6);
    expect(
      families
        .get("evenkeel_instance_memory_bytes")!
        .samples.get(`evenkeel_instance_memory_bytes{${labels},instance="i-1"}`),
    ).toBe(1_024);
    const spend = format === "prometheus" ? "evenkeel_spend_usd_total" : "evenkeel_spend_usd";
    expect([...families.get(spend)!.samples]).toEqual([
      [`evenkeel_spend_usd_total{${labels},provider="openai"}`, 1.5],
    ]);
    expect(families.get("evenkeel_measuring")!.samples.get('evenkeel_measuring{origin="keeper"}')).toBe(0);
    if (format === "openmetrics") expect(seconds.unit).toBe("seconds");
  },
);

test("an app's own metrics keep their attributes as labels, however odd, and never make two samples alike", () => {
  scrape();
  const own = (detail: string, counts: Record<string, number>): SignalSample => ({ ...shop, detail, counts });
  measure(
    own("kind=book,region=eu", { "app.shop.orders": 2 }),
    own('app=x,1st="q"\\', { "app.shop.orders": 1 }),
    own("a=b=c,d", { "app.shop.orders": 1 }),
    own("a.b=1,a_b=2", { "app.shop.orders": 1 }),
    own("kind=book", { "app.shop_orders": 7, "app.visits_total": 3 }),
    { ...shop, detail: "kind=book", gauges: { "app.visits": 4 } },
  );
  const text = scrape();
  const families = parse(text, "prometheus");
  const samples = [...families].flatMap(([, family]) => [...family.samples.keys()]);
  expect(new Set(samples).size).toBe(samples.length);
  const labels = 'app="shop",environment="production",deployment="d1"';
  expect(text).toContain(`evenkeel_app_shop_orders_total{${labels},kind="book",region="eu"} 2`);
  expect(text).toContain(`{${labels},app_app="x",app_1st="\\"q\\"\\\\"} 1`);
  expect(text).toContain(`{${labels},series="a=b=c,d"} 1`);
  expect(text).toContain(`{${labels},series="a.b=1,a_b=2"} 1`);
  // `shop.orders` and `shop_orders` would be called alike.
  expect(text).toMatch(/evenkeel_app_shop_orders_[0-9a-f]{8}_total\{.*\} 7/);
});

test("a level that nobody looks at any more is left out, totals stay; a token of some apps sees theirs alone", () => {
  scrape();
  measure(latency(10), { ...shop, app: "blog", gauges: { in_flight: 2 }, counts: { requests: 1 } });
  expect(scrape()).toContain("evenkeel_in_flight{");
  nowMs += 300_000;
  expect(scrape()).not.toContain("evenkeel_in_flight{");
  expect(scrape("prometheus", ["blog"])).toContain('evenkeel_requests_total{app="blog"');
  expect(scrape("prometheus", ["blog"])).not.toContain("shop");
  expect(scrape("prometheus", ["blog"])).not.toContain("evenkeel_measuring");
});

test("counting goes on from nothing after a restart, without what was read again from the journal", () => {
  scrape();
  measure(latency(10, 10));
  expect(scrape()).toMatch(/evenkeel_requests_total\{.*\} 2/);
  store.close();
  store = new SignalStore({ folder, now: () => nowMs });
  measure(latency(10));
  expect(scrape()).toMatch(/evenkeel_requests_total\{.*\} 1\n/);
});

test("an app that makes series without end leaves a bounded page", () => {
  scrape();
  for (let user = 0; user < 3_000; user++)
    measure({ ...shop, detail: `user=${user}`, counts: { "app.logins": 1 } });
  const families = parse(scrape(), "prometheus");
  expect(families.get("evenkeel_app_logins_total")!.samples.size).toBe(2_000);
  expect(
    families
      .get("evenkeel_signals_dropped_total")!
      .samples.get(
        'evenkeel_signals_dropped_total{app="shop",environment="production",reason="series_limit"}',
      ),
  ).toBe(1_000);
});
