import { expect, test } from "bun:test";
import type { DeploymentId } from "../ids.ts";
import { applyServingEntry, emptyServingState } from "./serving-state.ts";

test("an entry is applied once, in order, whole", () => {
  const state = emptyServingState();
  const alias = { host: "a.localhost", deployment: "d1" as DeploymentId, previous: [] };
  expect(applyServingEntry(state, { version: 1, changes: [{ put: "alias", alias }] })).toBe(true);
  expect(applyServingEntry(state, { version: 1, changes: [{ remove: "alias", host: "a.localhost" }] })).toBe(
    false,
  );
  expect(state.aliases["a.localhost"]).toEqual(alias);
  expect(applyServingEntry(state, { version: 2, changes: [{ remove: "alias", host: "a.localhost" }] })).toBe(
    true,
  );
  expect(state).toEqual({ version: 2, deployments: {}, aliases: {} });
});
