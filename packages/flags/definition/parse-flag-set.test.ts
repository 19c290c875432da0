import { expect, test } from "bun:test";
import { FlagSetInvalidError } from "../errors.ts";
import { FlagEvaluator } from "../evaluation/flag-evaluator.ts";
import { effectiveFlagSet, type FlagSet } from "./flag-set.ts";
import { parseFlagSet } from "./parse-flag-set.ts";

const faultsOf = (value: unknown): readonly string[] => {
  try {
    parseFlagSet(typeof value === "string" ? value : JSON.stringify(value), "flags.flagd.json");
  } catch (error) {
    if (error instanceof FlagSetInvalidError) return error.faults;
    throw error;
  }
  return [];
};

const flag = (more: object) => ({
  flags: { editor: { state: "ENABLED", variants: { on: true, off: false }, defaultVariant: "off", ...more } },
});

test("a set with targeting, shared rules and percentages is taken", () => {
  expect(
    faultsOf({
      $schema: "https://flagd.dev/schema/v0/flags.json",
      flags: {
        editor: {
          ...flag({}).flags.editor,
          targeting: {
            if: [{ $ref: "staff" }, "on", { fractional: [{ var: "team" }, ["on", 10], ["off", 90]] }],
          },
        },
      },
      $evaluators: { staff: { ends_with: [{ var: "email" }, "@example.com"] } },
    }),
  ).toEqual([]);
});

test("everything that is wrong is told at once, by flag", () => {
  expect(faultsOf("{")[0]).toStartWith("It is not JSON");
  expect(faultsOf([])).toEqual(["It is not an object"]);
  const faults = faultsOf({
    flags: {
      "a/b": flag({}).flags.editor,
      empty: { state: "ENABLED", variants: {} },
      editor: {
        ...{ state: "ON", variants: { on: true, off: 0 }, defaultVariant: "perhaps" },
        targeting: { if: [true, "maybe"] },
      },
    },
  });
  expect(faults).toHaveLength(6);
  expect(faults.join("\n")).toContain('"editor" has the default variant "perhaps"');
  expect(faults.join("\n")).toContain(
    '"editor": its targeting leads to "maybe", which is no variant; its variants are on, off',
  );
});

test("rules that could hold up an edge are refused", () => {
  const list = { var: "list" };
  expect(
    faultsOf(flag({ targeting: { if: [{ some: [list, { some: [list, true] }] }, "on"] } }))[0],
  ).toContain("inside another iteration");
  let deep: unknown = true;
  for (let level = 0; level < 60; level++) deep = { "!": [deep] };
  expect(faultsOf(flag({ targeting: { if: [deep, "on"] } }))[0]).toContain("nested deeper");
  const circle = {
    ...flag({ targeting: { if: [{ $ref: "a" }, "on"] } }),
    $evaluators: { a: { "!": { $ref: "a" } } },
  };
  expect(faultsOf(circle)[0]).toContain("refers to itself");
  expect(faultsOf(flag({ targeting: { frobnicate: [1] } })).length).toBeGreaterThan(0);
});

test("what was changed at run time stands over the declaration, as long as it fits", () => {
  const declared = flag({ targeting: { if: [true, "on"] } }) as unknown as FlagSet;
  const value = (set: FlagSet) => new FlagEvaluator(set).evaluate("editor", {}, "all");
  expect(value(declared)).toMatchObject({ value: true, reason: "TARGETING_MATCH" });
  expect(value(effectiveFlagSet(declared, { editor: { variant: "off" } }))).toMatchObject({
    value: false,
    reason: "STATIC",
  });
  expect(value(effectiveFlagSet(declared, { editor: { disabled: true } }))).toMatchObject({
    reason: "DISABLED",
  });
  expect(
    value(effectiveFlagSet(declared, { editor: { variant: "gone" }, other: { disabled: true } })),
  ).toMatchObject({ value: true });
});

test("a percentage is stable for a key and near its share", () => {
  const set = flag({
    targeting: {
      fractional: [
        ["on", 25],
        ["off", 75],
      ],
    },
  }) as unknown as FlagSet;
  const evaluator = new FlagEvaluator(parseFlagSet(JSON.stringify(set), "flags"));
  const on = (targetingKey: string) =>
    "value" in evaluator.evaluate("editor", { targetingKey }, "all") &&
    (evaluator.evaluate("editor", { targetingKey }, "all") as { value: unknown }).value === true;
  const people = Array.from({ length: 4_000 }, (_, index) => `person-${index}`);
  const first = people.filter(on);
  expect(people.filter(on)).toEqual(first);
  expect(first.length).toBeGreaterThan(850);
  expect(first.length).toBeLessThan(1_150);
});
