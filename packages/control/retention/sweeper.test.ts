import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { outputPath } from "@evenkeel/model";
import type { TestCluster } from "@evenkeel/postgres";
import type { Deployment } from "../client/index.ts";
import { Database } from "../database/database.ts";
import { startControlCluster, TestControl } from "../testing/test-control.ts";
import { until } from "../testing/until.ts";
import { Sweeper } from "./sweeper.ts";

const limitMs = 120_000;
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startControlCluster();
}, limitMs);
afterAll(() => cluster.stop(), limitMs);

test(
  "a sweep removes what no alias and no kept release needs, and nothing that one needs",
  async () => {
    const control = await TestControl.start(cluster);
    const database = new Database({ connectionString: control.database.connectionString });
    try {
      const { layout } = control;
      const deployed: Deployment[] = [];
      for (const text of ["1", "2", "3", "4"]) deployed.push(await control.deploy("shop", { text }));
      const unreleased = await control.deploy("shop", { text: "preview", environment: "preview" });
      const branch = await control.deploy("shop", { text: "branch", environment: "preview", branch: "b" });
      const recent = await control.deploy("shop", { text: "recent", environment: "preview" });
      await database.query("UPDATE deployments SET created_at = now() - interval '31 days' WHERE id <> $1", [
        recent.id,
      ]);
      // Skew protection would keep all four; here only the newest is still wanted.
      await database.query("UPDATE aliases SET previous = previous[1:1]");
      await database.query("UPDATE uploads SET received_at = now() - interval '2 days'");
      const old = new Date(Date.now() - 3 * 86_400_000);
      for (const name of readdirSync(layout.uploads)) utimesSync(join(layout.uploads, name), old, old);
      for (const { output } of [...deployed, unreleased, branch, recent])
        utimesSync(outputPath(layout, output!), old, old);
      mkdirSync(join(layout.logs, "apps", "gone"), { recursive: true });
      writeFileSync(join(layout.logs, "apps", "gone", "host.000000000000001.tail"), "");
      mkdirSync(join(layout.logs, "platform"), { recursive: true });
      writeFileSync(join(layout.logs, "platform", "edge-0.log"), "");

      await new Sweeper(control.control!.parts, { releases: 2, ageDays: 30 }).sweep();

      const kept = [deployed[2]!, deployed[3]!, branch, recent];
      const removed = [deployed[0]!, deployed[1]!, unreleased];
      for (const { output } of kept) expect(existsSync(outputPath(layout, output!))).toBe(true);
      for (const { output } of removed) expect(existsSync(outputPath(layout, output!))).toBe(false);
      expect(readdirSync(layout.uploads).sort()).toEqual(
        kept.map(({ sourceHash }) => `${sourceHash}.tar`).sort(),
      );
      for (const { id } of removed) {
        expect((await control.client().getDeployment({ deployment: id })).state).toBe("removed");
        await until(
          "its host answers no more",
          () => control.edge.answering(`shop-${id}.localhost`) === undefined,
        );
      }
      expect(readdirSync(join(layout.logs, "apps"))).not.toContain("gone");
      expect(readdirSync(join(layout.logs, "platform"))).toEqual(["edge-0.log"]);
      expect((await control.client().rollback({ app: "shop" })).release.deployment).toBe(deployed[2]!.id);
      await expect(control.client().rollback({ app: "shop", version: 1 })).rejects.toMatchObject({
        code: "deployment_state",
      });
    } finally {
      await database.stop();
      await control.stop();
    }
  },
  limitMs,
);
