import type { Schedule } from "@evenkeel/control";
import { formatDuration, parseDurationMs } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { withControl } from "../../platform/control.ts";
import { wholeNumber } from "../up.ts";
import { named, scheduleCommand } from "./schedule-names.ts";

interface SetOptions {
  overlap?: string;
  missed?: string;
  retries?: string;
  limit?: string;
  json?: boolean;
}

/** How schedules are run, and whether. */
export function registerScheduleSettings(schedules: Command): void {
  scheduleCommand(schedules, "set", "change how a schedule is run")
    .description("Settings are kept across deployments. `default` sets one back.")
    .option("--overlap <policy>", "while the run before is under way: skip (default), queue or allow")
    .option(
      "--missed <policy>",
      "times that passed while nothing could be called: once (default), all or skip",
    )
    .option("--retries <count>", "calls after a failed one, 10 s, 20 s, 40 s, … later: 0 (default) to 10")
    .option("--limit <duration>", "a call's longest time, as 30s; default is its function's maxDuration")
    .addHelpText(
      "after",
      "\nExample:\n  evenkeel schedules set shop /api/cron --overlap queue --missed all --retries 3",
    )
    .action((app: string, schedule: string, _: object, command: Command) =>
      set(app, schedule, command.optsWithGlobals()),
    );
  scheduleCommand(schedules, "pause", "let a schedule's times pass until it is resumed")
    .addHelpText("after", "\nExample:\n  evenkeel schedules pause shop /api/cron")
    .action(async (app: string, schedule: string, _: object, command: Command) => {
      const paused = await withControl((client) => client.pauseSchedule(named(app, schedule)));
      show(paused, `${paused.name} of ${app} is paused.`, command);
    });
  scheduleCommand(schedules, "resume", "let a paused schedule go on from now")
    .addHelpText("after", "\nExample:\n  evenkeel schedules resume shop /api/cron")
    .action(async (app: string, schedule: string, _: object, command: Command) => {
      const resumed = await withControl((client) => client.resumeSchedule(named(app, schedule)));
      show(resumed, `${resumed.name} of ${app} goes on.`, command);
    });
}

const show = (schedule: Schedule, words: string, command: Command): void =>
  console.log(command.optsWithGlobals()["json"] ? JSON.stringify(schedule) : words);

async function set(app: string, schedule: string, options: SetOptions): Promise<void> {
  const change = {
    overlap: choice("--overlap", options.overlap, ["skip", "queue", "allow"]),
    missed: choice("--missed", options.missed, ["once", "all", "skip"]),
    retries: orDefault(options.retries, (text) => wholeNumber("--retries", text, 0, 10)),
    limitMs: orDefault(options.limit, parseDurationMs),
  };
  if (Object.values(change).every((value) => value === undefined)) {
    throw new UsageError("Nothing is to be changed", {
      hint: "Add --overlap, --missed, --retries or --limit.",
    });
  }
  const changed = await withControl((client) => client.setSchedule({ ...named(app, schedule), ...change }));
  if (options.json) return void console.log(JSON.stringify(changed));
  const limit =
    changed.limitMs === null ? "its function's own limit" : `a limit of ${formatDuration(changed.limitMs)}`;
  console.log(
    `${changed.name} of ${app}: overlap ${changed.overlap}, missed ${changed.missed}, ${changed.retries} retries, ${limit}.`,
  );
}

/** `null` for `default`, undefined where the option is absent. */
const orDefault = <Value>(
  text: string | undefined,
  read: (text: string) => Value,
): Value | null | undefined => (text === undefined ? undefined : text === "default" ? null : read(text));

function choice<Value extends string>(
  option: string,
  text: string | undefined,
  values: readonly Value[],
): Value | null | undefined {
  return orDefault(text, () => {
    const found = values.find((value) => value === text);
    if (found !== undefined) return found;
    throw new UsageError(`${option} ${JSON.stringify(text)} is no policy`, {
      hint: `Use one of: ${values.join(", ")}, default.`,
    });
  });
}
