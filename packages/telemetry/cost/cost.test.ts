import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Measurement } from "../otlp/metric-series.ts";
import { Ledger } from "./ledger.ts";
import { readUsage } from "./read-usage.ts";

const shop = { app: "shop", environment: "production" } as const;
const nowMs = Date.UTC(2030, 0, 15, 12, 0, 30);
const dayMs = 86_400_000;

test("tokens, minutes and money are read from an app's metrics, nothing else is", () => {
  const measured = (metric: string, attributes: Record<string, string>, unit = ""): Measurement => ({
    ...{ metric, unit, attributes, series: "", kind: "count", value: 3 },
  });
  const tokens: Measurement = {
    ...{
      metric: "gen_ai.client.token.usage",
      unit: "{token}",
      series: "",
      kind: "histogram",
      sum: 120,
      values: [[60, 2]],
    },
    attributes: {
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt-4o",
      "gen_ai.token.type": "output",
    },
  };
  expect(readUsage(tokens)).toEqual({
    provider: "openai",
    item: "gpt-4o",
    unit: "output_tokens",
    quantity: 120,
  });
  expect(readUsage({ ...tokens, sum: undefined } as Measurement)).toBeUndefined();
  expect(readUsage(measured("evenkeel.usage", { provider: "twilio", item: "voice" }, "{minutes}"))).toEqual({
    ...{ provider: "twilio", item: "voice", unit: "minutes", quantity: 3 },
  });
  expect(readUsage(measured("evenkeel.spend", { provider: "vapi" }))).toMatchObject({
    unit: "usd",
    quantity: 3,
  });
  expect(readUsage(measured("shop.orders", { provider: "vapi" }))).toBeUndefined();
});

let folder: string;
let ledger: Ledger;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ledger-"));
  ledger = new Ledger(join(folder, "ledger.sqlite"));
});
afterEach(() => {
  ledger.close();
  rmSync(folder, { recursive: true });
});
const use = (provider: string, unit: string, quantity: number, atMs = nowMs, item = "gpt-4o") =>
  ledger.add(shop, [{ provider, item, unit, quantity }], atMs);
const report = (atMs = nowMs) => ledger.report(shop, atMs - 30 * dayMs, atMs + 1);

test("what is used costs the price of its hour, by item or by all of them; what has none is said", () => {
  ledger.setPrice({ provider: "openai", item: "gpt-4o", unit: "input_tokens", usd: 2.5, per: 1e6 });
  ledger.setPrice({ provider: "openai", item: "*", unit: "input_tokens", usd: 1, per: 1e6 });
  expect(use("openai", "input_tokens", 400_000)).toEqual([
    { provider: "openai", microUsd: 1e6, tokens: 400_000 },
  ]);
  use("openai", "input_tokens", 1_000_000, nowMs, "small");
  use("twilio", "minutes", 7, nowMs, "voice");
  use("vapi", "usd", 0.25, nowMs, "");
  ledger.setPrice({ provider: "openai", item: "gpt-4o", unit: "input_tokens", usd: 99, per: 1e6 });
  expect(report().spending).toEqual([
    {
      provider: "openai",
      item: "small",
      unit: "input_tokens",
      quantity: 1_000_000,
      microUsd: 1e6,
      unpriced: 0,
    },
    {
      provider: "openai",
      item: "gpt-4o",
      unit: "input_tokens",
      quantity: 400_000,
      microUsd: 1e6,
      unpriced: 0,
    },
    { provider: "vapi", item: "", unit: "usd", quantity: 0.25, microUsd: 250_000, unpriced: 0 },
    { provider: "twilio", item: "voice", unit: "minutes", quantity: 7, microUsd: 0, unpriced: 7 },
  ]);
  expect(ledger.report({ ...shop, app: "blog" }, 0, nowMs + 1).spending).toEqual([]);
});

test("a token rate near its limit is told once a minute, one above it again", () => {
  ledger.setBudget(
    shop,
    { provider: "openai", kind: "tokens_per_minute", most: 180_000, alertShare: 0.8 },
    nowMs,
  );
  const levels = () => report().alerts.map(({ level, actual }) => [level, actual]);
  use("openai", "input_tokens", 100_000);
  use("anthropic", "input_tokens", 900_000);
  expect(levels()).toEqual([]);
  use("openai", "output_tokens", 44_000);
  use("openai", "output_tokens", 1_000);
  expect(levels()).toEqual([["near", 144_000]]);
  expect(report().budgets).toMatchObject([{ provider: "openai", actual: 145_000 }]);
  use("openai", "input_tokens", 40_000);
  expect(levels()).toEqual([
    ["exceeded", 185_000],
    ["near", 144_000],
  ]);
  const rate = { ...shop, provider: "openai", kind: "tokens_per_minute", most: 180_000 };
  expect(ledger.budgetStates(nowMs)).toEqual([{ ...rate, level: "exceeded", actual: 185_000 } as never]);
  // Long enough for who looks now and then, and over when the rate is.
  expect(ledger.budgetStates(nowMs + 200_000)).toEqual([rate as never]);
  use("openai", "input_tokens", 150_000, nowMs + 60_000);
  expect(report(nowMs + 60_000).alerts).toHaveLength(3);
});

test("a budget of money is of its day or month, and of all providers where none is named", () => {
  ledger.setBudget(shop, { provider: "", kind: "day", most: 10, alertShare: 0.5 }, nowMs);
  ledger.setBudget(shop, { provider: "vapi", kind: "month", most: 100, alertShare: 0.8 }, nowMs);
  use("vapi", "usd", 4, nowMs - dayMs);
  use("vapi", "usd", 3);
  use("openai", "usd", 3);
  expect(report().budgets.map(({ kind, actual }) => [kind, actual])).toEqual([
    ["day", 6],
    ["month", 7],
  ]);
  expect(report().alerts).toMatchObject([{ kind: "day", level: "near", most: 10, actual: 6 }]);
  expect(ledger.removeBudget(shop, "", "day")).toBe(true);
  expect(ledger.removeBudget(shop, "", "day")).toBe(false);
});

test("an app that invents items without end has its rows bounded, and loses no money", () => {
  for (let at = 0; at < 500; at++) use("vapi", "usd", 1, nowMs, `item ${at}`);
  const { spending } = report();
  expect(spending.length).toBeLessThanOrEqual(201);
  expect(spending.reduce((sum, { microUsd }) => sum + microUsd, 0)).toBe(500e6);
});
