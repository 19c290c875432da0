import { type AppName, parseAppName } from "@evenkeel/model";
import type { Command } from "commander";

/** A subcommand of one job. */
export const scheduleCommand = (schedules: Command, name: string, summary: string): Command =>
  schedules
    .command(name)
    .summary(summary)
    .argument("<app>", "name of the app")
    .argument("<schedule>", "name of the schedule; of a cron, its path")
    .option("--json", "print as JSON");

export const named = (app: string, schedule: string): { app: AppName; schedule: string } => ({
  app: parseAppName(app),
  schedule,
});
