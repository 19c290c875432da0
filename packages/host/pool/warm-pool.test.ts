import { expect, test } from "bun:test";
import type { Cell, CellMaker, ProcessEnd } from "../isolation/cell.ts";
import { until } from "../testing/until.ts";
import { peakWithin, poolSize } from "./pool-size.ts";
import { WarmPool } from "./warm-pool.ts";

/** Cells without processes: what the pool does with them is what counts. */
class FakeMaker implements CellMaker {
  readonly kind = "plain";
  made = 0;
  destroyed = 0;
  readonly ends: (() => void)[] = [];
  refuses = false;

  async make(): Promise<Cell> {
    if (this.refuses) throw new Error("refused");
    this.made++;
    const { promise, resolve } = Promise.withResolvers<ProcessEnd>();
    this.ends.push(() => resolve({ exitCode: 1, signal: null }));
    return {
      name: String(this.made),
      launcher: { ended: promise },
      destroy: async () => {
        this.destroyed++;
      },
    } as Partial<Cell> as Cell;
  }
  close(): void {}
  async clear(): Promise<void> {}
}

const pool = (maker: FakeMaker) =>
  new WarmPool({
    maker,
    findRuntime: (runtime) => ({ key: runtime, folder: "/", program: "node" }),
    usualRuntime: "nodejs24.x",
  });

test("none waits on an empty platform, two once there is a deployment, and they are ended with the pool", async () => {
  const maker = new FakeMaker();
  const warm = pool(maker);
  warm.expect(false);
  warm.adjust();
  await Bun.sleep(20);
  expect(maker.made).toBe(0);
  warm.expect(true);
  await until(() => warm.waitingCount() === 2);
  expect(maker.made).toBe(2);
  await warm.stop();
  expect(maker.destroyed).toBe(2);
});

test("the pool is refilled after a start, not during it", async () => {
  const maker = new FakeMaker();
  const warm = pool(maker);
  warm.expect(true);
  await until(() => warm.waitingCount() === 2);
  const release = warm.holdRefill();
  await warm.take("nodejs24.x");
  warm.adjust();
  expect(maker.made).toBe(2);
  release();
  await until(() => warm.waitingCount() === 2);
  expect(maker.made).toBe(3);
  await warm.stop();
});

test("a runtime that nobody waited for is made at once", async () => {
  const maker = new FakeMaker();
  const warm = pool(maker);
  expect((await warm.take("nodejs22.x")).name).toBe("1");
  maker.refuses = true;
  expect(warm.take("nodejs20.x")).rejects.toThrow("refused");
  await warm.stop();
});

test("a warm process that ends is not given away", async () => {
  const maker = new FakeMaker();
  const warm = pool(maker);
  warm.expect(true);
  await until(() => warm.waitingCount() === 2);
  maker.ends[0]!();
  await until(() => maker.destroyed === 1);
  const taken = [await warm.take("nodejs24.x"), await warm.take("nodejs24.x")];
  expect(taken.map(({ name }) => name)).not.toContain("1");
  await warm.stop();
});

test("the pool's size follows the burst that it saw", () => {
  expect(poolSize({ wanted: false, recentPeak: 5 })).toBe(0);
  expect(poolSize({ wanted: true, recentPeak: 0 })).toBe(2);
  expect(poolSize({ wanted: true, recentPeak: 5 })).toBe(5);
  expect(poolSize({ wanted: true, recentPeak: 50 })).toBe(8);
  expect(peakWithin([0, 1, 2, 100, 101, 500], 10)).toBe(3);
  expect(peakWithin([], 10)).toBe(0);
});
