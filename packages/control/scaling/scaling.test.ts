import { expect, test } from "bun:test";
import { controlForEachTest } from "../testing/control-for-each-test.ts";
import type { TestControl } from "../testing/test-control.ts";
import { until } from "../testing/until.ts";
import { factorOf, type Scaling, scaled, scaledRow } from "./scaling.ts";

const limitMs = 120_000;
const shop = { app: "shop", environment: "production" } as const;
let control: TestControl;
controlForEachTest(limitMs, (started) => {
  control = started;
});

const runbook = `export default { scalingThresholds: {
  web: { trigger: "error_rate > 10% for 5 seconds", action: "more instances", limit: "30 instances", cooldown: "2 seconds" },
  functions: { trigger: "error_rate > 20% for 5 seconds", action: "increase_function_memory", limit: "1GB max", cooldown: "2 seconds" },
} };`;

/** Seconds of traffic, one after the other, until something is so. */
async function measureUntil(deployment: string, errors: number, isSo: () => boolean): Promise<void> {
  await until(
    "the runbook to scale",
    async () => {
      control.signals.measure(deployment, 100, { errors });
      await Bun.sleep(50);
      return isSo();
    },
    60_000,
  );
}

test(
  "what a runbook asks for grows by steps up to its limit, goes back with the breach, and with the clause",
  async () => {
    const { id } = await control.deploy("shop", { files: { "runbook.ts": runbook } });
    const served = (deployment = id) => control.host.served.get(deployment)!;
    expect([served().maxInstances, served().memory]).toEqual([10, undefined]);
    await measureUntil(id, 100, () => served().maxInstances === 30 && served().memory !== undefined);
    expect(served().memory!.mostMb).toBe(1_024);
    await measureUntil(id, 0, () => served().maxInstances === 10 && served().memory === undefined);
    const said = async () =>
      (await control.client().listRunbookDecisions(shop)).decisions.map(({ outcome }) => outcome?.note);
    for (const most of [20, 30, 10])
      await until(`${most} are told of`, async () =>
        (await said()).includes(`at most ${most} instances of a function`),
      );
    await measureUntil(id, 100, () => served().maxInstances === 20);
    const next = await control.deploy("shop", {
      text: "next",
      files: { "runbook.ts": "export default {};" },
    });
    await until(
      "nothing is scaled",
      () => served(next.id).maxInstances === 10 && served().maxInstances === 10,
    );
    const audit = await control.client().listAudit({ app: "shop" });
    expect(audit.entries.some(({ action }) => action === "scaling.change")).toBe(true);
  },
  limitMs,
);

const scaling = (given: Partial<Scaling>): Scaling => ({
  ...{ clause: "c", resource: "instances", steps: 1, most: null },
  ...given,
});

test("the clause that asks for most counts, a limit never takes away what people have said", () => {
  const all = [
    scaling({}),
    scaling({ clause: "d", steps: 3, most: 50 }),
    scaling({ resource: "memory", steps: 9 }),
  ];
  expect(factorOf(all, "instances")).toEqual({ factor: 8, most: 50 });
  expect(scaled(10, factorOf(all, "instances"))).toBe(50);
  expect(scaled(70, factorOf(all, "instances"))).toBe(70);
  expect(scaled(10, factorOf([], "memory"))).toBe(10);
  const row = { type: "web", count: 2, memoryMb: 512 };
  expect(scaledRow(row, all)).toEqual({ type: "web", count: 16, memoryMb: 8_192 });
  expect(scaledRow({ ...row, count: 0 }, all).count).toBe(0);
});
