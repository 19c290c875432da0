import { afterAll, beforeAll, expect, test } from "bun:test";
import type { TestCluster } from "@evenkeel/postgres";
import { withSession } from "@evenkeel/postgres/client/session";
import { type StepName, stepNames } from "../client/index.ts";
import { startControlCluster, TestControl } from "../testing/test-control.ts";

const limitMs = 120_000;
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startControlCluster();
}, limitMs);
afterAll(() => cluster.stop(), limitMs);

/** Follows until the step is seen to run; the connection breaks with the process. */
async function seenRunning(control: TestControl, deployment: string, step: StepName): Promise<void> {
  for await (const event of control.client().followDeployment({ deployment })) {
    if (event.type === "done") return;
    if (event.type === "step" && event.step.name === step && event.step.state !== "waiting") return;
  }
}

test(
  "a deployment goes on at its step after control was killed there, and is released once",
  async () => {
    const control = await TestControl.start(cluster, { apart: true });
    try {
      await control.client().ensureApp({ app: "shop" });
      for (const [index, step] of stepNames.entries()) {
        const upload = await control.upload("shop", `killed at ${step}`, true);
        const { id } = await control
          .client()
          .createDeployment({ app: "shop", upload, kind: "prebuilt", environment: "production" });
        await seenRunning(control, id, step);
        await control.killProcess();
        await control.startProcess();
        const deployment = await control.finished(id);
        expect({ step, state: deployment.state, error: deployment.error }).toEqual({
          step,
          state: "ready",
          error: undefined,
        });
        expect(deployment.releases.map((release) => release.version)).toEqual([index + 1]);
        expect(control.edge.answering("shop.localhost")).toBe(id);
      }
    } finally {
      await control.stop();
    }
  },
  limitMs,
);

test(
  "control ends on SIGTERM with its jobs left where they are, and the next one takes them up",
  async () => {
    const control = await TestControl.start(cluster, { apart: true });
    try {
      await control.client().ensureApp({ app: "shop" });
      control.host.outcome = "wait";
      const upload = await control.upload("shop", "waits", true);
      const { id } = await control
        .client()
        .createDeployment({ app: "shop", upload, kind: "prebuilt", environment: "production" });
      await seenRunning(control, id, "prepare");
      expect(await control.killProcess("SIGTERM")).toBe(0);
      control.host.outcome = "ready";
      await control.startProcess();
      expect((await control.finished(id)).state).toBe("ready");
    } finally {
      await control.stop();
    }
  },
  limitMs,
);

test(
  "a deployment that an earlier version of the platform was at gets the steps that it lacks",
  async () => {
    const control = await TestControl.start(cluster, { apart: true });
    try {
      await control.client().ensureApp({ app: "shop" });
      control.host.outcome = "wait";
      const upload = await control.upload("shop", "waits", true);
      const { id } = await control
        .client()
        .createDeployment({ app: "shop", upload, kind: "prebuilt", environment: "production" });
      await seenRunning(control, id, "prepare");
      await control.killProcess();
      await withSession(control.database.connectionString, async (client) => {
        await client.query("DELETE FROM deployment_steps WHERE name = 'migrate'");
      });
      control.host.outcome = "ready";
      await control.startProcess();
      const { state, steps } = await control.finished(id);
      expect(state).toBe("ready");
      expect(steps.map(({ name }) => name)).toEqual([...stepNames]);
      expect(steps.find(({ name }) => name === "migrate")?.state).toBe("skipped");
    } finally {
      await control.stop();
    }
  },
  limitMs,
);
