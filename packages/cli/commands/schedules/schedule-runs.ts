import type { ScheduleRun } from "@evenkeel/control";
import { formatDuration } from "@evenkeel/model";
import type { Command } from "commander";
import { Progress } from "../../output/progress.ts";
import { formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { wholeNumber } from "../up.ts";
import { describeRun } from "./describe-run.ts";
import { named, scheduleCommand } from "./schedule-names.ts";

const lookEveryMs = 250;

/** History, and runs that somebody asks for. */
export function registerScheduleRuns(schedules: Command): void {
  scheduleCommand(schedules, "history", "list a schedule's runs, newest first")
    .option("--limit <count>", "at most so many", "20")
    .addHelpText("after", "\nExample:\n  evenkeel schedules history shop /api/cron --limit 100")
    .action((app: string, schedule: string, _: object, command: Command) =>
      history(app, schedule, command.optsWithGlobals()),
    );
  scheduleCommand(schedules, "run", "run a schedule now")
    .description(
      "Runs a schedule now, paused or not, and waits for its end. Exit code 1 when it does not succeed.",
    )
    .option("--detach", "do not wait")
    .addHelpText("after", "\nExample:\n  evenkeel schedules run shop /api/cron")
    .action((app: string, schedule: string, _: object, command: Command) =>
      run(app, schedule, command.optsWithGlobals()),
    );
}

async function history(
  app: string,
  schedule: string,
  options: { limit: string; json?: boolean },
): Promise<void> {
  const limit = wholeNumber("--limit", options.limit, 1, 500);
  const { runs } = await withControl((client) => client.listScheduleRuns({ ...named(app, schedule), limit }));
  if (options.json) return void console.log(JSON.stringify(runs));
  if (runs.length === 0) return void console.log(`${schedule} of ${app} has not been due yet.`);
  console.log(
    formatTable(
      ["time", "by", "outcome", "status", "took", "calls", "deployment", "request"],
      runs.map((one) => [
        new Date(one.scheduledAtMs).toISOString().replace(/\.\d+Z$/, "Z"),
        one.askedBy ?? "clock",
        describeRun(one),
        String(one.httpStatus ?? "–"),
        one.durationMs === undefined ? "–" : formatDuration(one.durationMs),
        String(one.calls),
        one.deployment ?? "–",
        one.requestId ?? "–",
      ]),
    ),
  );
  const deployment = runs.find((one) => one.deployment !== undefined)?.deployment;
  if (deployment) console.log(`\nWhat a run printed: evenkeel logs ${deployment}`);
}

async function run(
  app: string,
  schedule: string,
  options: { detach?: boolean; json?: boolean },
): Promise<void> {
  const name = named(app, schedule);
  const progress = new Progress(options.json || options.detach);
  const ended = await withControl(async (client) => {
    let seen = await client.runSchedule(name);
    if (options.detach) return seen;
    progress.step(`Running ${schedule}`);
    while (seen.endedAtMs === undefined) {
      await Bun.sleep(lookEveryMs);
      seen = await client.getScheduleRun({ ...name, run: seen.id });
    }
    return seen;
  });
  const succeeded = options.detach || ended.state === "succeeded";
  if (succeeded) progress.done();
  else progress.fail();
  console.log(options.json ? JSON.stringify(ended) : summary(ended));
  if (!succeeded) process.exitCode = 1;
}

function summary(run: ScheduleRun): string {
  const took = run.durationMs === undefined ? "" : ` after ${formatDuration(run.durationMs)}`;
  const outcome = describeRun(run);
  return `Run ${run.id} ${outcome}${run.httpStatus === undefined || outcome.includes(String(run.httpStatus)) ? "" : ` (${run.httpStatus})`}${took}.`;
}
