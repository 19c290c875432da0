import { ControlUnreachableError, type PlatformStatus } from "@evenkeel/control";
import { formatSize, type HomeLayout } from "@evenkeel/model";
import type { Command } from "commander";
import { formatAge, formatTable } from "../output/table.ts";
import { connectControl } from "../platform/control.ts";
import { findHome, readConfig } from "../platform/home.ts";
import { askStatus } from "../platform/supervisor-client.ts";
import type { ProcessReport } from "../supervisor/kept-process.ts";
import type { SchedulerReport } from "../supervisor/scheduler-watch.ts";
import { reminders } from "./backup/backup-status.ts";
import { productionTwins } from "./sandbox/production-twins.ts";

const controlLimitMs = 5_000;

export function registerStatus(program: Command): void {
  program
    .command("status")
    .summary("show the platform's processes, instances and what is wrong with its backups")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel status")
    .action(async (options: { json?: boolean }) => {
      const layout = findHome();
      const config = readConfig(layout);
      const { processes, scheduler } = await askStatus(layout);
      const control = await askControl(layout);
      const url = `http://${config.domain}:${config.port}`;
      const twins = productionTwins(layout);
      if (options.json)
        console.log(
          JSON.stringify({ url, home: layout.home, processes, scheduler, control, productionTwins: twins }),
        );
      else {
        const parts = [describeProcesses(processes), describeScheduler(scheduler), describeControl(control)];
        console.log(`${url}\n\n${parts.join("")}${describeTwins(twins)}`);
      }
      const wrong =
        scheduler?.state === "stalled" || processes.some((process) => process.state !== "running");
      if (!control || wrong || control.alerts.length > 0) process.exitCode = 1;
    });
}

/** Undefined while it is away, or hangs: that is when people look here. */
async function askControl(layout: HomeLayout): Promise<PlatformStatus | undefined> {
  const signal = AbortSignal.timeout(controlLimitMs);
  try {
    return await connectControl(layout).getStatus({}, { signal });
  } catch (error) {
    if (error instanceof ControlUnreachableError || signal.aborted) return undefined;
    throw error;
  }
}

function describeProcesses(processes: ProcessReport[]): string {
  return formatTable(
    ["process", "state", "pid", "since", "restarts"],
    processes.map((process) => [
      process.name,
      process.state,
      String(process.pid ?? "–"),
      formatAge(process.sinceMs),
      String(process.restarts),
    ]),
  );
}

/** Only what people have to know. */
const describeScheduler = (scheduler: SchedulerReport | undefined): string =>
  scheduler?.state === "stalled"
    ? `\n\nScheduled jobs do not run: the scheduler gave its last sign of life ${formatAge(scheduler.sinceMs)}.`
    : "";

const describeTwins = (apps: string[]): string =>
  apps.length === 0
    ? ""
    : `\n\n! Production of ${apps.join(", ")} talks to the sandbox: nothing reaches the real providers (evenkeel sandbox disable APP --env production).`;

function describeControl(status: PlatformStatus | undefined): string {
  if (!status) return "\n\nControl does not answer; apps are served from their last known state.";
  const instances = status.instances ?? [];
  const notes = [
    ...status.alerts.map((alert) => `! ${alert}`),
    ...(status.protection ? reminders(status.protection).map((reminder) => `→ ${reminder}`) : []),
  ];
  const protection = notes.length === 0 ? "" : `\n\n${notes.join("\n")}`;
  const head = `\n\n${status.apps} ${status.apps === 1 ? "app" : "apps"}, ${status.deployments.running} deploying, ${status.deployments.queued} waiting, ${instances.length} instances`;
  if (instances.length === 0) return head + protection;
  const rows = instances.map((instance) => [
    instance.id,
    instance.state,
    String(instance.pid),
    formatSize(instance.memoryBytes),
    String(instance.inFlight),
    formatAge(instance.startedAtMs),
  ]);
  const table = formatTable(["instance", "state", "pid", "memory", "in flight", "started"], rows);
  return `${head}\n\n${table}${protection}`;
}
