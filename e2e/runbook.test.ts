import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunbookDecision } from "@evenkeel/control";
import { eventually } from "./harness/http.ts";
import { type Deployed, TestPlatform } from "./harness/platform.ts";
import { writePrebuilt } from "./harness/prebuilt.ts";

let platform: TestPlatform;
beforeAll(async () => {
  platform = await TestPlatform.start();
}, 120_000);
afterAll(() => platform?.stop(), 120_000);

const host = "shop.localhost";
const runbook = `import type { Runbook } from "@evenkeel/runbook";

export default {
  rollbackTriggers: {
    error_rate: { threshold: "5%", window: "20 seconds", action: "immediate_rollback" },
    response_time: { threshold: "p95 > 5 seconds", window: "10 minutes", action: "staged_rollback" },
  },
} satisfies Runbook;
`;

const answers = (version: string, broken = "false"): string => `
  module.exports = (request, response) => {
    response.setHeader("x-version", "${version}");
    response.statusCode = ${broken} ? 500 : 200;
    response.end("${version}");
  };`;

const version = async (): Promise<string> => String((await platform.get(host, "/")).headers["x-version"]);

/** Visitors that ask on and on, whatever comes back. */
class Visitors {
  private stopping = false;
  private readonly asking: Promise<void>[];
  constructor(count: number) {
    this.asking = Array.from({ length: count }, () => this.ask());
  }

  private async ask(): Promise<void> {
    while (!this.stopping) {
      await platform.get(host, "/").catch(() => undefined);
      await Bun.sleep(40);
    }
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.asking);
  }
}

describe("a runbook", () => {
  let folder: string;
  let good: Deployed;
  const write = (name: string, broken?: string) =>
    writePrebuilt(folder, { functions: { index: answers(name, broken) } });
  const deploy = () => platform.deploy(folder, "--prebuilt", "--app", "shop", "--prod");
  const decisions = async () =>
    (await platform.json<{ decisions: RunbookDecision[] }>("runbook", "decisions", "shop")).decisions;

  test("rolls back a deployment that starts to fail, once, with its evidence", async () => {
    folder = platform.sourceFolder("shop");
    writeFileSync(join(folder, "runbook.ts"), runbook);
    write("good");
    good = await deploy();
    const visitors = new Visitors(4);
    try {
      await eventually(version, (seen) => seen === "good");
      // Sound at first, so that its own smoke test passes.
      write("bad", `Date.now() > ${Date.now() + 8_000}`);
      const bad = await deploy();
      expect(await version()).toBe("bad");
      await eventually(version, (seen) => seen === "good", 60_000);
      const [decision, ...more] = await decisions();
      expect(more).toEqual([]);
      expect(decision).toMatchObject({
        ...{ clause: "rollbackTriggers.error_rate", action: "immediate_rollback", state: "done" },
        ...{ deployment: bad.id, severity: "critical" },
        outcome: { version: 3, deployment: good.id, answered: true },
      });
      expect(decision!.evidence.finding.conditions[0]).toMatchObject({ state: "breached", windowS: 20 });
      expect(decision!.evidence.seconds.some(({ value = 0 }) => value > 0)).toBe(true);
    } finally {
      await visitors.stop();
    }
  }, 180_000);

  test("is seen at work by one command", async () => {
    const result = await platform.json<{ failed: number; lost: number; decision: RunbookDecision }>(
      "demo",
      "rollback",
    );
    expect(result.decision).toMatchObject({
      clause: "rollbackTriggers.error_rate",
      state: "done",
      outcome: { version: 3 },
    });
    expect(result.failed).toBeGreaterThan(0);
    expect(result.lost).toBe(0);
    expect((await platform.run("list")).stdout).not.toContain("demo-rollback");
  }, 240_000);
});
