import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type AppName,
  type DeploymentId,
  type FeedFromControl,
  type FunctionId,
  homeLayout,
  newDeploymentId,
  type OutputId,
  outputPath,
} from "@evenkeel/model";
import { DeploymentCatalog } from "./deployment-catalog.ts";

const app = "shop" as AppName;
const fn = "f".repeat(64) as FunctionId;
const output = "0".repeat(64) as OutputId;
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "ek-catalog-"));
  const layout = homeLayout(home);
  mkdirSync(layout.artifactOutputs, { recursive: true });
  writeFileSync(
    outputPath(layout, output),
    JSON.stringify({
      functions: { index: fn },
      functionsById: { [fn]: { id: fn, tree: [], memoryMb: 128 } },
    }),
  );
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const catalog = () => new DeploymentCatalog(homeLayout(home));
const put = (version: number, ...ids: DeploymentId[]): FeedFromControl => ({
  type: "entries",
  hosted: ids.map((id) => ({ id, app, environment: { ID: id }, plain: [] })),
  entries: [
    {
      version,
      changes: ids.map((id) => ({
        put: "deployment",
        deployment: {
          id,
          app,
          environment: "preview",
          output,
          host: `${id}.localhost`,
          createdAtMs: 0,
          maxInstances: 3,
        },
      })),
    },
  ],
});

test("what the feed told is known to the next host, with its environment", () => {
  const id = newDeploymentId();
  const first = catalog();
  expect(() => first.get(id)).toThrow(expect.objectContaining({ code: "deployment_unknown" }));
  first.apply(put(4, id));
  first.save();
  const next = catalog();
  expect(next.version).toBe(4);
  expect(next.get(id)).toMatchObject({ environment: { ID: id }, firstFunction: fn });
  expect(next.function(id, fn)).toEqual({ id: fn, memoryMb: 128 } as never);
  expect(() => next.function(id, "e".repeat(64) as FunctionId)).toThrow(
    expect.objectContaining({ code: "function_unknown" }),
  );
  expect(next.maxInstances(id)).toBe(3);
});

test("a lost environment makes control tell everything again, and hides no other deployment", () => {
  const [lost, kept] = [newDeploymentId(), newDeploymentId()];
  const first = catalog();
  first.apply(put(4, lost, kept));
  first.save();
  writeFileSync(join(home, "host/environments", `${lost}.sealed`), "damaged");
  const next = catalog();
  expect(next.version).toBe(0);
  expect([next.has(lost), next.has(kept)]).toEqual([false, true]);
});

test("a removed deployment is forgotten in memory and on disk", () => {
  const [gone, kept] = [newDeploymentId(), newDeploymentId()];
  const first = catalog();
  first.apply(put(1, gone, kept));
  first.save();
  const removed = first.apply({
    type: "entries",
    entries: [{ version: 2, changes: [{ remove: "deployment", id: gone }] }],
  });
  first.save();
  expect(removed.map(({ id }) => id)).toEqual([gone]);
  expect(first.has(gone)).toBe(false);
  expect(readdirSync(join(home, "host/environments"))).toEqual([`${kept}.sealed`]);
});

test("current is what an alias leads to and what it led to before", () => {
  const [older, old, now] = [newDeploymentId(), newDeploymentId(), newDeploymentId()];
  const known = catalog();
  known.apply(put(1, older, old, now));
  expect(known.isCurrent(now)).toBe(false);
  const alias = { host: "shop.localhost", deployment: now, previous: [old, older] };
  known.apply({ type: "entries", entries: [{ version: 2, changes: [{ put: "alias", alias }] }] });
  expect([older, old, now].map((id) => known.isCurrent(id))).toEqual([false, true, true]);
  known.save();
});
