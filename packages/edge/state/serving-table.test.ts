import { expect, test } from "bun:test";
import type { Alias, AppName, DeploymentId, OutputId, ServedDeployment } from "@evenkeel/model";
import { ServingTable } from "./serving-table.ts";

const deployment = (id: string): ServedDeployment => ({
  id: id as DeploymentId,
  app: "shop" as AppName,
  environment: "production",
  output: "0".repeat(64) as OutputId,
  host: `shop-${id}.localhost`,
  createdAtMs: 0,
  maxInstances: 10,
});
const alias = (to: string, ...previous: string[]): Alias => ({
  host: "shop.localhost",
  deployment: to as DeploymentId,
  previous: previous as DeploymentId[],
});

test("an alias moves from one request to the next and a deployment keeps its own host", () => {
  const table = new ServingTable();
  table.replace({
    version: 1,
    deployments: { ["a" as DeploymentId]: deployment("a") },
    aliases: { "shop.localhost": alias("a") },
  });
  expect(table.site("shop.localhost")?.deployment.id).toBe("a" as DeploymentId);
  const entry = {
    version: 2,
    changes: [
      { put: "deployment", deployment: deployment("b") } as const,
      { put: "alias", alias: alias("b", "a") } as const,
    ],
  };
  expect(table.apply(entry)).toBe(true);
  expect(table.apply(entry)).toBe(false);
  expect(table.site("shop.localhost")?.deployment.id).toBe("b" as DeploymentId);
  expect(table.site("shop.localhost")?.previous).toEqual(["a" as DeploymentId]);
  expect(table.site("shop-a.localhost")?.deployment.id).toBe("a" as DeploymentId);
});

test("names at which the same is answered share one site, and part when one of them moves", () => {
  const table = new ServingTable();
  const at = (host: string, to: string, ...previous: string[]) => ({ ...alias(to, ...previous), host });
  table.replace({
    version: 1,
    deployments: { ["a" as DeploymentId]: deployment("a"), ["b" as DeploymentId]: deployment("b") },
    aliases: {
      "one.test": at("one.test", "b", "a"),
      "two.test": at("two.test", "b", "a"),
      "new.test": at("new.test", "b"),
    },
  });
  const [one, two, fresh, own] = ["one.test", "two.test", "new.test", "shop-b.localhost"].map((host) =>
    table.site(host),
  );
  expect(one).toBe(two!);
  expect(new Set([one, fresh, own]).size).toBe(3);
  expect([one?.previous, fresh?.previous, own?.previous]).toEqual([["a" as DeploymentId], [], undefined]);
  table.apply({ version: 2, changes: [{ put: "alias", alias: at("one.test", "a") }] });
  expect(table.site("one.test")?.deployment.id).toBe("a" as DeploymentId);
  expect(table.site("two.test")).toBe(two);
});

test("a host whose deployment was removed answers nothing, until the deployment is put again", () => {
  const table = new ServingTable();
  table.apply({
    version: 1,
    changes: [
      { put: "deployment", deployment: deployment("a") },
      { put: "alias", alias: alias("a") },
    ],
  });
  table.apply({ version: 2, changes: [{ remove: "deployment", id: "a" as DeploymentId }] });
  expect(table.site("shop-a.localhost")).toBeUndefined();
  expect(table.site("shop.localhost")).toBeUndefined();
  table.apply({
    version: 3,
    changes: [
      { put: "deployment", deployment: deployment("a") },
      { put: "alias", alias: alias("a") },
    ],
  });
  expect(table.site("shop.localhost")?.deployment.id).toBe("a" as DeploymentId);
});

test("hosts that are names of JavaScript's own are nothing special", () => {
  const table = new ServingTable();
  for (const host of ["constructor", "__proto__", "toString"]) expect(table.site(host)).toBeUndefined();
  expect(table.deployment("constructor" as DeploymentId)).toBeUndefined();
});
