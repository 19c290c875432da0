import type { Schedule } from "@evenkeel/control";
import { formatDuration, parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { formatAge, formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { describeRun } from "./describe-run.ts";
import { registerScheduleRuns } from "./schedule-runs.ts";
import { registerScheduleSettings } from "./schedule-settings.ts";

export function registerSchedules(program: Command): void {
  const schedules = program
    .command("schedules")
    .summary("the scheduled jobs of apps")
    .description(
      "Jobs that an app's production declares as crons or schedules in vercel.json. Each of their times is on record, whatever became of it.",
    )
    .argument("[app]", "list this app's schedules")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      `
Examples:
  evenkeel schedules shop
  evenkeel schedules history shop /api/cron
  evenkeel schedules set shop /api/cron --overlap queue --retries 3
  evenkeel schedules run shop /api/cron`,
    )
    .action(list);
  schedules
    .command("list")
    .summary("list an app's schedules")
    .argument("<app>", "name of the app")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel schedules list shop")
    .action((app: string, _: object, command: Command) => list(app, command.optsWithGlobals()));
  registerScheduleRuns(schedules);
  registerScheduleSettings(schedules);
}

async function list(app: string | undefined, options: { json?: boolean }): Promise<void> {
  if (app === undefined)
    throw new UsageError("The app is missing", { hint: "Name one: evenkeel schedules shop" });
  const { schedules } = await withControl((client) => client.listSchedules({ app: parseAppName(app) }));
  if (options.json) return void console.log(JSON.stringify(schedules));
  if (schedules.length === 0)
    return void console.log(`${app} has no schedules. Declare them as "crons" in vercel.json.`);
  console.log(
    formatTable(
      ["schedule", "state", "cron", "zone", "next", "last", "overlap", "missed", "retries", "limit"],
      schedules.map(row),
    ),
  );
}

const row = (schedule: Schedule): string[] => [
  schedule.name,
  schedule.state,
  schedule.cron ?? "–",
  schedule.timezone ?? "–",
  schedule.nextAtMs === undefined ? "–" : `in ${formatDuration(Math.max(0, schedule.nextAtMs - Date.now()))}`,
  schedule.lastRun ? `${describeRun(schedule.lastRun)}, ${formatAge(schedule.lastRun.scheduledAtMs)}` : "–",
  schedule.overlap,
  schedule.missed,
  String(schedule.retries),
  schedule.limitMs === null ? "–" : formatDuration(schedule.limitMs),
];
