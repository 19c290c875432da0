import { expect, test } from "bun:test";
import type { FlagSet } from "@evenkeel/flags";
import { bannerFlag, modeFlag, withMode } from "./mode-flags.ts";

const set: FlagSet = {
  flags: {
    search: {
      state: "ENABLED",
      variants: { yes: true, no: false },
      defaultVariant: "yes",
      targeting: { if: [] },
    },
    theme: { state: "ENABLED", variants: { red: "red" }, defaultVariant: "red" },
  },
};

test("a mode turns named flags off for everybody, and is itself a flag", () => {
  const { flags } = withMode(set, {
    mode: { mode: "degraded", features: ["search", "unheard"] },
    banner: "Less for now",
  });
  expect(flags["search"]).toEqual({
    state: "ENABLED",
    variants: { yes: true, no: false },
    defaultVariant: "no",
  });
  expect(flags["unheard"]).toMatchObject({
    state: "ENABLED",
    variants: { off: false },
    defaultVariant: "off",
  });
  expect(flags["theme"]).toEqual(set.flags["theme"]!);
  expect(flags[modeFlag]).toMatchObject({ variants: { now: "degraded" }, metadata: { public: true } });
  expect(flags[bannerFlag]).toMatchObject({ variants: { now: "Less for now" } });
});

test("without a mode a set is as it was", () => {
  expect(withMode(set, {})).toEqual(set);
});
