import { expect, test } from "bun:test";
import { controlForEachTest } from "../testing/control-for-each-test.ts";
import type { TestControl } from "../testing/test-control.ts";
import { until } from "../testing/until.ts";

const limitMs = 90_000;
const of = { app: "shop", environment: "production" } as const;
let control: TestControl;
controlForEachTest(limitMs, (started) => {
  control = started;
});

const checks = async () => (await control.client().getAppHealth(of)).checks;

test(
  "a check asks each deployment that answers at its own host, and fails when it has failed often enough in a row",
  async () => {
    const client = control.client();
    const first = await control.deploy("shop");
    const broken = new Set<string>();
    control.edge.routes.set("/api/health", (request, response) => {
      const isBroken = broken.has(request.headers.host!.replace(/:\d+$/, ""));
      response.writeHead(isBroken ? 503 : 200).end();
    });
    const check = { name: "api", path: "/api/health", intervalMs: 1_000, timeoutMs: 1_000, failures: 2 };
    await client.setReleasePlan({ ...of, plan: { healthChecks: [check] } });
    await until("it passes", async () => (await checks())[0]?.state === "passing");
    broken.add(`shop-${first.id}.localhost`);
    await until("it is doubtful, then fails", async () => (await checks())[0]?.state === "failing");
    const [failing] = await checks();
    expect(failing).toMatchObject({
      deployment: first.id,
      fault: "answered 503 instead of 200 to 299",
      tolerated: 1,
    });
    expect(failing!.failures).toBeGreaterThanOrEqual(2);
    expect(failing!.results[0]?.fault).toBeUndefined();
    expect((await client.getStatus()).alerts).toContainEqual(
      expect.stringContaining(`Health check api of ${first.id} fails`),
    );
    const samples = () => control.signals.received.filter(({ detail }) => detail === "api");
    await until("its results are signals", () =>
      samples().some(({ gauges }) => gauges?.["health_check"] === 0),
    );
    expect(samples()[0]).toMatchObject({ ...of, deployment: first.id, gauges: { health_check: 1 } });
    broken.clear();
    await until("it passes again", async () => (await checks())[0]?.state === "passing");

    const second = await control.begin("shop", { canary: "5% for 1h" });
    await until("the canary is checked, too", async () =>
      (await checks()).some(({ deployment, isCanary }) => deployment === second && isCanary),
    );
    broken.add(`shop-${second}.localhost`);
    expect((await control.finished(second)).withheld?.message).toContain("fails its health check api");
    await until("it is checked no more", async () => (await checks()).length === 1);
    await client.setReleasePlan({ ...of, plan: {} });
    await until("nothing is checked", async () => (await checks()).length === 0);
  },
  limitMs,
);
