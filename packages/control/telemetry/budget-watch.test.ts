import { expect, test } from "bun:test";
import type { BudgetState } from "@evenkeel/model/link/telemetry-protocol";
import { BudgetWatch } from "./budget-watch.ts";

test("a token rate from 80 % of its limit on is a trouble, one beyond it a graver one, and it is over with the rate", async () => {
  const told: unknown[] = [];
  let states: BudgetState[] = [];
  const watch = new BudgetWatch(
    { ask: async <Answer>() => states as Answer },
    {
      report: async ({ key, severity, title }) => {
        told.push([key, severity, title]);
        return { incident: 1, opened: true };
      },
      recovered: async ({ key }) => {
        told.push([key, "over"]);
      },
    },
  );
  const budget: BudgetState = {
    ...{ app: "calls", environment: "production", provider: "openai", kind: "tokens_per_minute" },
    most: 180_000,
  };
  states = [{ ...budget, level: "near", actual: 150_000 }];
  await watch.look();
  states = [{ ...budget, level: "exceeded", actual: 198_000 }];
  await watch.look();
  states = [budget];
  await watch.look();
  states = [{ ...budget, level: "near", actual: 150_000 }];
  await watch.look();
  states = [];
  await watch.look();
  const key = "budget.tokens_per_minute.openai";
  expect(told).toEqual([
    [key, "minor", "The token rate of openai is at 83.33 % of 180,000 a minute"],
    [key, "major", "The token rate of openai is at 110 % of 180,000 a minute"],
    [key, "over"],
    [key, "minor", "The token rate of openai is at 83.33 % of 180,000 a minute"],
    // Somebody took the budget away.
    [key, "over"],
  ]);
});
