import { expect, test } from "bun:test";
import type { OpenVariable } from "../variables/variable-store.ts";
import { configure, hasMoved } from "./configure.ts";
import type { DeploymentVariable, VariableOrigin } from "./deployment-variables.ts";

const set = (values: Record<string, string>): Map<string, OpenVariable> =>
  new Map(Object.entries(values).map(([name, value]) => [name, { value, plain: false, version: 1 }]));
const own = (origin: VariableOrigin, values: Record<string, string>): DeploymentVariable[] =>
  Object.entries(values).map(([name, value]) => ({ name, value, origin, plain: false, version: null }));
const valuesOf = ({ variables }: { variables: DeploymentVariable[] }) =>
  Object.fromEntries(variables.map(({ name, value, origin }) => [name, `${origin} ${value}`]));

test("what is given with a deployment wins over the environment, that over vercel.json, and a person over the platform", () => {
  const declared = { A: "d", B: "d", C: "d", D: "d" };
  const given = [...own("given", { A: "g" }), ...own("attached", { A: "a", B: "a", C: "a", E: "a" })];
  expect(valuesOf(configure(set({ A: "e", B: "e" }), given, declared))).toEqual({
    A: "given g",
    B: "environment e",
    C: "declared d",
    D: "declared d",
    E: "attached a",
  });
});

test("references mean a variable by its name or in capitals, ours where there is none, and all that lead nowhere are told", () => {
  const declared = {
    DATABASE_URL: "@database_url",
    TOKEN: "@auth-token",
    EXACT: "@lower",
    OWN: "@gone",
    LOST: "@nowhere",
    ALSO: "@lost-too",
  };
  const current = set({ AUTH_TOKEN: "t", lower: "l", OWN: "mine" });
  const configured = configure(current, own("attached", { DATABASE_URL: "postgres://ours" }), declared);
  expect(valuesOf(configured)).toMatchObject({
    DATABASE_URL: "attached postgres://ours",
    TOKEN: "declared t",
    EXACT: "declared l",
    OWN: "environment mine",
  });
  expect(configured.missing).toEqual([
    { name: "LOST", reference: "nowhere" },
    { name: "ALSO", reference: "lost-too" },
  ]);
});

test("variables have moved where one was set, changed or removed since, not by what the deployment was given", () => {
  const taken = [
    ...own("environment", { A: "1", B: "2" }),
    ...own("given", { C: "3" }),
    ...own("attached", { D: "4" }),
  ];
  expect(hasMoved(set({ A: "1", B: "2", C: "other" }), taken)).toBe(false);
  for (const moved of [{ A: "1" }, { A: "1", B: "x" }, { A: "1", B: "2", E: "5" }])
    expect(hasMoved(set(moved as unknown as Record<string, string>), taken)).toBe(true);
});
