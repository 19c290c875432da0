import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import type { TestCluster } from "@evenkeel/postgres";
import { startControlCluster, TestControl } from "../testing/test-control.ts";

let cluster: TestCluster;
let control: TestControl;
beforeAll(async () => {
  cluster = await startControlCluster();
}, 60_000);
afterAll(() => cluster.stop(), 60_000);
beforeEach(async () => {
  control = await TestControl.start(cluster);
}, 60_000);
afterEach(() => control.stop(), 60_000);

test("a prebuilt app goes live at its own host and at production, as release v1", async () => {
  const deployed = await control.deploy("shop", { withFunction: true });
  expect(deployed.state).toBe("ready");
  expect(control.edge.answering("shop.localhost")).toBe(deployed.id);
}, 60_000);
