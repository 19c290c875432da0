import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { askSupervisor } from "@evenkeel/cli/platform/supervisor-client";
import { Database } from "@evenkeel/control/database/database";
import type { Bench, Program } from "../bench.ts";
import { PeerFailedError } from "../errors.ts";
import { listProcesses } from "../machine/process-tree.ts";
import { BenchPlatform } from "../platform/bench-platform.ts";
import { writePrebuiltApp } from "../platform/prebuilt-app.ts";
import type { Figure } from "../report/figure.ts";

const apps = 100;
const schedulesPerApp = 100;
/** Each comes every so many minutes. */
const everyMinutes = 10;
const minuteMs = 60_000;

export const schedules: Program = {
  name: "schedules",
  title: "Ten thousand schedules",
  tools: [],
  conditions: `100 apps with 100 schedules each, which come every ten minutes: 1,000 are due in the first moment of each minute. Each calls a
static page through an edge. Lateness is the time from a schedule's moment to the claim of its run, after which it is called at once. CPU time is
that of the control process, over as many whole minutes as there are rounds.`,

  async run(bench: Bench): Promise<Figure[]> {
    const platform = await BenchPlatform.start(bench);
    await deployApps(bench, platform);
    await platform.untilQuiet();
    await untilMiddleOfMinute();
    const fromMs = Date.now();
    bench.step(`Watching schedules for ${bench.rounds} minutes`);
    const before = await controlCpuMs(platform);
    await Bun.sleep(bench.rounds * minuteMs);
    const share = (100 * ((await controlCpuMs(platform)) - before)) / (Date.now() - fromMs);
    const { runs, succeeded, p50, p99, most } = await lateness(platform, fromMs);
    const due = (bench.rounds * apps * schedulesPerApp) / everyMinutes;
    return [
      {
        id: "schedules-lateness",
        what: "10,000 schedules, 1,000 due at once each minute: lateness",
        goal: { kind: "limit", most: 1_000, unit: "ms", statistic: "p99" },
        value: p99,
        measured: `${Math.round(p99)} ms (p50 ${Math.round(p50)} ms, most ${Math.round(most)} ms; ${succeeded} of ${due} succeeded)`,
        samples: [p99],
      },
      {
        id: "schedules-cpu",
        what: "10,000 schedules: CPU of control",
        goal: { kind: "limit", most: 10, unit: "%" },
        value: share,
        measured: `${share.toFixed(2)} % of one core, ${runs} runs`,
        samples: [share],
      },
    ];
  },
};

async function deployApps(bench: Bench, platform: BenchPlatform): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ek-schedules-"));
  bench.resources.defer(() => rmSync(folder, { recursive: true, force: true }));
  const crons = Array.from({ length: schedulesPerApp }, (_, index) => ({
    path: `/?job=${index}`,
    schedule: `${index % everyMinutes}-59/${everyMinutes} * * * *`,
  }));
  writePrebuiltApp(folder, { files: { "index.html": "done" }, crons });
  for (let app = 0; app < apps; app++) {
    bench.step(`Deploying app ${app + 1} of ${apps}`);
    await platform.deployPrebuilt(folder, `app-${app}`);
  }
}

/** So that the times that count are clear of both ends. */
async function untilMiddleOfMinute(): Promise<void> {
  const intoMs = Date.now() % minuteMs;
  await Bun.sleep((minuteMs * 1.5 - intoMs) % minuteMs);
}

async function controlCpuMs(platform: BenchPlatform): Promise<number> {
  const status = await askSupervisor(platform.layout, { type: "status" });
  const pid = status.find(({ name }) => name === "control")?.pid;
  const control = listProcesses().find((process) => process.pid === pid);
  if (control) return control.cpuMs;
  throw new PeerFailedError("The platform's control process has ended");
}

interface Lateness {
  runs: number;
  succeeded: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  most: number;
}

async function lateness(platform: BenchPlatform, fromMs: number): Promise<Lateness> {
  const socket = encodeURIComponent(join(platform.layout.run, "pg"));
  const database = new Database({
    connectionString: `postgresql://postgres@localhost:5432/postgres?host=${socket}`,
  });
  try {
    const [seen] = await database.query<Lateness & Record<string, number>>(
      `SELECT count(*) AS runs, count(*) FILTER (WHERE state = 'succeeded') AS succeeded,
         percentile_disc(0.5) WITHIN GROUP (ORDER BY late) AS p50, percentile_disc(0.99) WITHIN GROUP (ORDER BY late) AS p99, max(late) AS most
       FROM (SELECT state, (extract(epoch FROM started_at - start_at) * 1000)::float8 AS late FROM schedule_runs WHERE scheduled_at >= $1) AS runs`,
      [new Date(fromMs)],
    );
    return seen!;
  } finally {
    await database.stop();
  }
}
