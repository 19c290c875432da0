import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Histogram } from "@evenkeel/model/signals/histogram";
import { OwnSignals } from "../metrics/own-signals.ts";
import { AnalyticsIntake, type BeaconKind } from "./analytics-intake.ts";
import { AnalyticsStore } from "./analytics-store.ts";
import { VisitorHash } from "./visitor.ts";

const shop = { app: "shop", environment: "production" } as const;
const host = "shop.localhost";
const nowMs = Date.UTC(2030, 0, 1, 12);
const dayMs = 86_400_000;
const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";
const iphone =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";

let folder: string;
let store: AnalyticsStore;
let intake: AnalyticsIntake;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "analytics-"));
  open();
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});
const signals = new OwnSignals();
function open(dailyLimit = 1_000) {
  store = new AnalyticsStore({ path: join(folder, "analytics.sqlite"), dailyLimit });
  intake = new AnalyticsIntake(store, new VisitorHash(join(folder, "salt.json")), (owner, vitals) =>
    signals.addVitals(owner, vitals),
  );
}

let count = 0;
const send = (
  kind: BeaconKind,
  body: object | string,
  from: { address?: string; userAgent?: string; atMs?: number } = {},
) =>
  intake.take(
    kind,
    Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
    host,
    { ...shop, address: from.address ?? "192.0.2.1", userAgent: from.userAgent ?? firefox },
    from.atMs ?? nowMs,
  ).status;
const view = (path: string, more: object = {}) => ({
  id: `b${count++}`,
  o: `http://${host}:7080${path}`,
  ...more,
});
const report = () => store.report(shop, nowMs - dayMs, nowMs + 7 * dayMs);

test("views, visitors, referrers, devices and events are counted", () => {
  send(
    "view",
    view("/posts/1?token=secret#top", { dp: "/posts/[id]", r: "https://www.example.org/search?q=private" }),
  );
  send("view", view("/"), {});
  send("view", view("/", { r: `http://${host}/posts/1` }), { address: "192.0.2.2", userAgent: iphone });
  send("event", view("/", { en: "signup", ed: { plan: "free", seats: 3 } }));
  expect(report()).toEqual({
    ...{ visitors: 2, views: 3, dropped: 0 },
    pages: [
      { value: "/", visitors: 2, count: 2 },
      { value: "/posts/1", visitors: 1, count: 1 },
    ],
    referrers: [{ value: "example.org", visitors: 1, count: 1 }],
    devices: [
      { value: "desktop", visitors: 1, count: 2 },
      { value: "mobile", visitors: 1, count: 1 },
    ],
    browsers: [
      { value: "Firefox", visitors: 1, count: 2 },
      { value: "Safari", visitors: 1, count: 1 },
    ],
    systems: [
      { value: "Linux", visitors: 1, count: 2 },
      { value: "iOS", visitors: 1, count: 1 },
    ],
    events: [{ value: "signup", visitors: 1, count: 1 }],
  });
});

test("a visitor is another one on the next day, and nothing on disk tells who it was", () => {
  send("view", view("/"));
  const salt = readFileSync(join(folder, "salt.json"), "utf8");
  open();
  send("view", view("/about"));
  expect(report().visitors).toBe(1);
  send("view", view("/"), { atMs: nowMs + dayMs });
  expect(report().visitors).toBe(2);
  expect(readFileSync(join(folder, "salt.json"), "utf8")).not.toBe(salt);
  store.close();
  const bytes = readFileSync(join(folder, "analytics.sqlite")).toString("latin1");
  for (const secret of ["192.0.2.1", firefox]) expect(bytes).not.toContain(secret);
  open();
});

test("a replayed beacon counts once, with an id of its own or without", () => {
  const once = view("/");
  const { id: _, ...foreign } = view("/other", { ts: nowMs });
  for (let again = 0; again < 5; again++)
    for (const beacon of [once, foreign]) expect(send("view", beacon)).toBe(200);
  expect(report().views).toBe(2);
  // Another's copy of it is another beacon.
  send("view", once, { address: "192.0.2.9" });
  expect(report()).toMatchObject({ views: 3, visitors: 2 });
});

test("robots are answered and not counted", () => {
  for (const userAgent of ["", "Googlebot/2.1 (+http://www.google.com/bot.html)", "curl/8.5.0"]) {
    expect(send("view", view("/"), { userAgent })).toBe(200);
  }
  expect(report().views).toBe(0);
});

test("what is no beacon of this site is refused with the reason", () => {
  const wrong: [kind: BeaconKind, body: object | string][] = [
    ["view", "{"],
    ["view", "[]"],
    ["view", { o: 5 }],
    ["view", view("/", { dp: "x".repeat(600) })],
    ["view", { o: "https://other.example/" }],
    ["view", { o: "javascript:alert(1)" }],
    ["event", view("/")],
    ["event", view("/", { en: "x", ed: { nested: { deep: 1 } } })],
    [
      "event",
      view("/", { en: "x", ed: Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`k${at}`, at])) }),
    ],
    ["vitals", { href: `http://${host}/`, metrics: [{ id: "1", name: "LCP", value: "fast" }] }],
    ["vitals", { href: `http://${host}/`, metrics: [{ id: "1", name: "LCP", value: -1 }] }],
  ];
  for (const [kind, body] of wrong) expect(send(kind, body)).toBe(400);
  expect(report()).toMatchObject({ views: 0, events: [] });
});

test("one visitor who floods is stopped, others are not", () => {
  const statuses = Array.from({ length: 100 }, () => send("view", view("/")));
  expect(statuses.filter((status) => status === 429)).toHaveLength(40);
  expect(send("view", view("/"), { address: "192.0.2.7" })).toBe(200);
  const proxied = Array.from({ length: 100 }, () => send("view", view("/"), { address: "127.0.0.1" }));
  expect(proxied.every((status) => status === 200)).toBe(true);
});

test("the day's limit is kept, counted, and over with the day", () => {
  store.close();
  open(3);
  const statuses = Array.from({ length: 5 }, () => send("view", view("/")));
  expect(statuses).toEqual([200, 200, 200, 429, 429]);
  expect(report()).toMatchObject({ views: 3, dropped: 2 });
  expect(send("view", view("/"), { atMs: nowMs + dayMs })).toBe(200);
});

test("vitals are told at p75 for each route, a value that grew counts as it is now", () => {
  const vitals = (route: string, id: string, name: string, value: number) =>
    send(
      "vitals",
      { href: `http://${host}/posts/9`, route, metrics: [{ id, name, value }] },
      { address: `192.0.2.${id}` },
    );
  for (const value of [100, 200, 300, 400]) vitals("/posts/[id]", String(value / 4), "LCP", value);
  vitals("/posts/[id]", "1", "CLS", 0.01);
  vitals("/posts/[id]", "1", "CLS", 0.2);
  vitals("/", "2", "TTFB", 12.5);
  vitals("/", "3", "NEW", 1);
  expect(store.vitals(shop, nowMs - dayMs, nowMs + dayMs)).toEqual([
    { route: "/posts/[id]", name: "CLS", p75: 0.2, samples: 1 },
    { route: "/posts/[id]", name: "LCP", p75: 300, samples: 4 },
    { route: "/", name: "TTFB", p75: 12.5, samples: 1 },
  ]);
  expect(store.vitals(shop, nowMs - dayMs, nowMs + dayMs, "mobile")).toEqual([]);
  const [sample] = signals.take();
  expect(sample).toMatchObject(shop);
  expect(Object.keys(sample!.histograms!).sort()).toEqual(["cls", "lcp", "ttfb"]);
  expect(Histogram.fromJson(sample!.histograms!["lcp"]!).percentile(0.75)).toBeCloseTo(300, -1);
});

test("visits end with their retention", () => {
  send("view", view("/"));
  store.sweep(nowMs + 91 * dayMs);
  expect(report().views).toBe(0);
});
