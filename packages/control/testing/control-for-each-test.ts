import { afterAll, afterEach, beforeAll, beforeEach } from "bun:test";
import type { TestCluster } from "@evenkeel/postgres";
import { startControlCluster, TestControl } from "./test-control.ts";

/**
 * A cluster for a test file, and a control plane of its own for each of its tests, which is handed over when it runs and stopped after the test.
 *
 * @param limitMs of each start and stop
 */
export function controlForEachTest(
  limitMs: number,
  handOver: (control: TestControl) => void | Promise<void>,
): void {
  let cluster: TestCluster;
  let control: TestControl | undefined;
  beforeAll(async () => {
    cluster = await startControlCluster();
  }, limitMs);
  afterAll(() => cluster.stop(), limitMs);
  beforeEach(async () => {
    control = await TestControl.start(cluster);
    await handOver(control);
  }, limitMs);
  afterEach(() => control?.stop(), limitMs);
}
