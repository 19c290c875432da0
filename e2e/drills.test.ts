import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ContinuityReport, Drill } from "@evenkeel/control";
import { eventually } from "./harness/http.ts";
import { TestPlatform } from "./harness/platform.ts";

/** As the documents write it, and the service that nobody can reach from here. */
const runbook = `export default {
  featureFlags: { production: { ANOTHER_PROVIDER: false } },
  recoveryObjectives: { rpo: { database: "15 minutes" }, rto: { critical_services: "30 minutes", full_functionality: "4 hours" } },
  disasterScenarios: {
    database_corruption: {
      trigger: "data_integrity_check_fails", response: "restore_from_latest_backup",
      estimated_downtime: "2-4 hours", data_loss_risk: "up_to_15_minutes", drill: "weekly",
    },
    region_failure: {
      trigger: "primary_region_unavailable", response: "failover_to_secondary_region", estimated_downtime: "15-30 minutes",
    },
    critical_service_down: {
      trigger: "openai_api_unavailable", response: "fallback_to_alternative_provider", estimated_downtime: "5-10 minutes", data_loss_risk: "none",
      fallback: { url: "https://api.openai.com/v1/models", flag: "ANOTHER_PROVIDER", interval: "1 second", timeout: "1 second" },
    },
    security_incident: { trigger: "unauthorized_access_detected", response: "isolate_and_investigate", estimated_downtime: "1-6 hours" },
    control_plane_loss: { trigger: "machine_lost", response: "rebuild_from_backup_and_key", estimated_downtime: "1 hour" },
  },
};
`;

let platform: TestPlatform;
beforeAll(async () => {
  platform = await TestPlatform.start();
  const source = platform.copyFixture("database-notes");
  writeFileSync(join(source, "runbook.ts"), runbook);
  await platform.deploy(source, "--app", "notes", "--prod");
  await platform.must("db", "query", "notes", "CREATE TABLE sessions AS SELECT generate_series(1, 7) AS id");
}, 240_000);
afterAll(() => platform?.stop(), 120_000);

const run = (scenario: string) => platform.json<Drill>("drill", "run", "notes", scenario);
const continuity = async (): Promise<ContinuityReport> => {
  const { stdout } = await platform.run("continuity", "notes", "--json");
  return JSON.parse(stdout) as ContinuityReport;
};
const says = (drill: Drill, step: string) => drill.steps.find(({ name }) => name === step)?.says;

test("damaged pages of a copy are found, and the backup comes back within the objectives", async () => {
  const drill = await run("database_corruption");
  expect(drill).toMatchObject({
    state: "passed",
    failures: [],
    objectives: { rpoMs: 900_000, rtoMs: 14_400_000 },
  });
  expect(drill.rtoMs).toBeGreaterThan(0);
  expect(says(drill, "Looking for damage")).toBe("3 damaged pages found");
  expect(await platform.must("drill", "show", "notes", drill.id)).toContain(
    "database_corruption of notes/production: passed",
  );
  // It is in the database's archive, too.
  const [{ archive }] = (await platform.json<{ archive: string }[]>("db", "list")) as [{ archive: string }];
  expect(readdirSync(join(archive, "drills"))).toContain(drill.id);
}, 120_000);

test("a copy that loses its primary and its data is served by its standby, and no acknowledged commit is gone", async () => {
  const drill = await run("region_failure");
  expect(drill).toMatchObject({ state: "passed", failures: [], rpoMs: 0, objectives: { rtoMs: 1_800_000 } });
  expect(drill.rtoMs).toBeGreaterThan(0);
  console.log(`# writes accepted again after ${drill.rtoMs} ms`);
  expect(says(drill, "Comparing with what was acknowledged")).toStartWith("0 of ");
}, 120_000);

test("a provider that is down is seen at its twin and by production, whose flag changes over; the rest of the drills pass", async () => {
  const down = await run("critical_service_down");
  expect(down).toMatchObject({ state: "passed", failures: [], objectives: { rtoMs: 600_000, rpoMs: 0 } });
  await eventually(
    () => platform.must("flags", "list", "notes"),
    (text) => /ANOTHER_PROVIDER.*true/.test(text) || /ANOTHER_PROVIDER.*on/.test(text),
  );
  const breach = await run("security_incident");
  expect(breach).toMatchObject({ state: "passed", failures: [] });
  expect(says(breach, "Ending every session")).toBe("7 of public.sessions");
  expect(says(breach, "Trying the old password")).toStartWith("refused");
  const rebuilt = await run("control_plane_loss");
  expect(rebuilt).toMatchObject({ state: "passed", failures: [] });
  expect(says(rebuilt, "Comparing what the rebuilt platform knows")).toBe("1 apps, 1 releases");
  const folder = join(platform.home, "postgres/drills");
  expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([]);
  const report = await continuity();
  expect(report.scenarios.map(({ last }) => last?.state)).toEqual(Array(5).fill("passed"));
  expect(report.overdue).toEqual([expect.stringContaining("has no standby")]);
}, 180_000);

test("one that a crash interrupts has failed and leaves nothing, and one that cannot run fails", async () => {
  const { processes } = JSON.parse((await platform.run("status", "--json")).stdout) as {
    processes: { name: string; pid: number }[];
  };
  const folder = join(platform.home, "postgres/drills");
  const running = platform.failing("drill", "run", "notes", "region_failure", "--json");
  await eventually(
    () => existsSync(folder) && readdirSync(folder).length > 0,
    (seen) => seen,
  );
  for (const { name, pid } of processes)
    if (name === "databases" || name === "control") process.kill(pid, "SIGKILL");
  await running;
  const drills = () => platform.json<Drill[]>("drill", "list", "notes").catch(() => []);
  const [newest] = await eventually(drills, ([first]) => first?.failures[0]?.code === "drill_interrupted");
  expect(newest!.state).toBe("failed");
  await eventually(
    () => (existsSync(folder) ? readdirSync(folder) : []),
    (left) => left.length === 0,
  );
  expect((await continuity()).overdue.join()).toContain("The last drill of region_failure failed");
}, 120_000);
