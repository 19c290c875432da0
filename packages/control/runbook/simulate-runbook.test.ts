import { expect, test } from "bun:test";
import type { AppName, SignalAnswer, SignalQuery } from "@evenkeel/model";
import { Database } from "../database/database.ts";
import { controlForEachTest } from "../testing/control-for-each-test.ts";
import type { TestControl } from "../testing/test-control.ts";
import { simulateRunbook } from "./simulate-runbook.ts";

const limitMs = 120_000;
const shop = { app: "shop" as AppName, environment: "production" } as const;
let control: TestControl;
controlForEachTest(limitMs, (started) => {
  control = started;
});

const runbook = `export default { rollbackTriggers: {
  error_rate: { threshold: "5%", window: "1 minute", action: "immediate_rollback" },
} };`;

/** The process of signals as it was: 100 requests a second, which all failed from a second on. */
const recorded =
  (deployment: string, failsFromMs: number) =>
  async ({ signal, fromMs, toMs, stepMs }: SignalQuery): Promise<SignalAnswer> => {
    const points = Array.from({ length: Math.floor((toMs - fromMs) / stepMs) }, (_, index) =>
      signal === "requests" || fromMs + index * stepMs >= failsFromMs ? 100 : 0,
    );
    return { signal, kind: "count", unit: "requests", fromMs, stepMs, series: [{ deployment, points }] };
  };

test(
  "recorded signals are replayed from one time to another: what would have been decided, and when",
  async () => {
    const { id } = await control.deploy("shop", { files: { "runbook.ts": runbook } });
    const database = new Database({ connectionString: control.database.connectionString });
    try {
      const releasedMs = Math.ceil(Date.now() / 1_000) * 1_000;
      const failsFromMs = releasedMs + 120_000;
      const simulate = (fromMs: number, toMs: number, given?: object) =>
        simulateRunbook({ database, signals: { query: recorded(id, failsFromMs) } }, shop, {
          fromMs,
          toMs,
          ...(given && { runbook: { file: "runbook.ts", text: "", value: given } }),
        });
      const before = await simulate(releasedMs, failsFromMs);
      expect([before.decisions, before.seconds]).toEqual([[], 120]);
      expect(Object.keys(before.states["rollbackTriggers.error_rate"]!)).toContain("ok");
      const { decisions } = await simulate(releasedMs, failsFromMs + 60_000);
      // 5 % of a minute are three seconds: the fourth is more.
      expect(decisions).toMatchObject([
        { action: "immediate_rollback", atMs: failsFromMs + 3_000, deployment: id },
      ]);
      // A window that began before the replay counts with what was before.
      const late = await simulate(failsFromMs + 2_000, failsFromMs + 10_000);
      expect(late.decisions.map(({ atMs }) => atMs)).toEqual([failsFromMs + 3_000]);
      const milder = { rollbackTriggers: { error_rate: { threshold: "99%", action: "record" } } };
      expect((await simulate(releasedMs, failsFromMs + 30_000, milder)).decisions).toEqual([]);
      for (const [fromMs, toMs] of [
        [releasedMs, releasedMs],
        [releasedMs, releasedMs - 1_000],
        [releasedMs, releasedMs + 3_600_001],
      ] as const)
        await expect(simulate(fromMs, toMs)).rejects.toMatchObject({ code: "range_invalid" });
    } finally {
      await database.stop();
    }
  },
  limitMs,
);
