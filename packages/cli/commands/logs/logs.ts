import { type ControlClient, ControlUnreachableError, type LogLine } from "@evenkeel/control";
import { logLevels, readFieldCondition } from "@evenkeel/logs";
import { InvalidValueError, parseAppName, parseDurationMs } from "@evenkeel/model";
import { type Command, Option } from "commander";
import { formatLogLine, mayColour } from "../../output/log-lines.ts";
import { withControl } from "../../platform/control.ts";
import { deploymentOf } from "../../platform/deployment-of.ts";
import { allEnvironments, readEnvironment } from "../../platform/environment-option.ts";
import { wholeNumber } from "../up.ts";

interface LogsOptions {
  follow?: boolean;
  env?: string;
  deployment?: string;
  build?: string | true;
  since?: string;
  until?: string;
  level?: string;
  search?: string;
  field?: string[];
  limit?: string;
  json?: boolean;
}

const usualLimit = 1_000;
/** A follower comes back for so long after control has gone away: longer than it takes to start again. */
const comeBackMs = 60_000;

export function registerLogs(program: Command): void {
  program
    .command("logs")
    .summary("show and search what an app printed")
    .description(
      "Prints what the app's instances, processes and builds printed, oldest first: the newest lines that all conditions hold for.",
    )
    .argument("<app>", "name of the app")
    .option("-f, --follow", "go on with new lines")
    .option("--env <environment>", "only of this environment")
    .option("--deployment <id>", "only of this deployment")
    .option("--build [id]", "only what builds printed; with an id, that build's log alone")
    .option("--since <when>", "only lines of the last 10min, 2h, 1d, or since a time; then all of them")
    .option("--until <when>", "only lines before that")
    .addOption(new Option("--level <level>", "only this severity and above").choices(logLevels))
    .option("--search <text>", "only lines that hold the text, also in their fields")
    .option("--field <name=value>", "only lines with this field; may be repeated", collect)
    .option("--limit <number>", `at most so many, default ${usualLimit} unless --since says where to begin`)
    .option("--json", "one JSON value a line")
    .addHelpText(
      "after",
      "\nA line ends in the id of its request: `evenkeel trace ID` shows the request's way.\n\nExamples:\n  evenkeel logs shop -f\n  evenkeel logs shop --since 1h --level error\n  evenkeel logs shop --search ECONNREFUSED --field status=500 --json\n  evenkeel logs shop --build ab3de5fgh",
    )
    .action(async (name: string, options: LogsOptions) => {
      const app = parseAppName(name);
      const colour = mayColour();
      const show = (line: LogLine) =>
        console.log(options.json ? JSON.stringify(line) : formatLogLine(line, colour));
      await withControl(async (client) => {
        if (typeof options.build === "string") return showBuild(client, app, options.build, options);
        const wish = { app, ...(await conditions(client, app, options)) };
        if (options.follow) await follow(client, wish, options, show);
        else {
          const newest = limitOf(options);
          for await (const line of client.streamLogs({ ...wish, ...(newest !== undefined && { newest }) }))
            show(line);
        }
      });
    });
}

const collect = (value: string, before: string[] = []): string[] => [...before, value];

async function showBuild(
  client: ControlClient,
  app: ReturnType<typeof parseAppName>,
  id: string,
  options: LogsOptions,
) {
  const deployment = await deploymentOf(client, app, id);
  const follow = options.follow ? ({ follow: "true" } as const) : {};
  for await (const line of client.readBuildLog({ deployment, ...follow })) {
    console.log(options.json ? JSON.stringify(line) : line.text);
  }
}

/** What the API is asked for. */
async function conditions(client: ControlClient, app: ReturnType<typeof parseAppName>, options: LogsOptions) {
  const { env, deployment, build, since, until, level, search, field } = options;
  return {
    ...(env !== undefined && { environment: readEnvironment(env, allEnvironments, "environment") }),
    ...(deployment !== undefined && { deployment: await deploymentOf(client, app, deployment) }),
    build: build === true ? ("true" as const) : ("false" as const),
    ...(since !== undefined && { sinceMs: readTime(since) }),
    ...(until !== undefined && { untilMs: readTime(until) }),
    ...(level !== undefined && { level: level as LogLine["level"] }),
    ...(search !== undefined && { text: search }),
    ...(field !== undefined && { fields: JSON.stringify(Object.fromEntries(field.map(readFieldCondition))) }),
  };
}

type Wish = Parameters<ControlClient["streamLogs"]>[0];

/** Goes on through restarts of control: after the last line that came, of each process that writes lines. */
async function follow(
  client: ControlClient,
  wish: Wish,
  options: LogsOptions,
  show: (line: LogLine) => void,
): Promise<void> {
  const newest = limitOf(options);
  const last = new Map<string, string>();
  let lastMs = 0;
  let heardAt = performance.now();
  for (;;) {
    const after = [...last].map(([writer, number]) => `${writer}-${number}`).join(".");
    const begin = after === "" ? { ...(newest !== undefined && { newest }) } : { after, sinceMs: lastMs };
    try {
      for await (const line of client.streamLogs({ ...wish, ...begin, follow: "true" })) {
        heardAt = performance.now();
        lastMs = Math.max(lastMs, line.atMs);
        const dash = line.id.indexOf("-");
        last.set(line.id.slice(0, dash), line.id.slice(dash + 1));
        show(line);
      }
      heardAt = performance.now();
    } catch (error) {
      if (!(error instanceof ControlUnreachableError) || performance.now() - heardAt > comeBackMs)
        throw error;
    }
    await Bun.sleep(500);
  }
}

function limitOf({ limit, since }: LogsOptions): number | undefined {
  if (limit !== undefined) return wholeNumber("--limit", limit, 1, 100_000);
  return since === undefined ? usualLimit : undefined;
}

/** `2h`: so long ago; otherwise a time. */
function readTime(text: string): number {
  const timeMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(timeMs)) return timeMs;
  const durationMs = parseDurationMs(text);
  if (durationMs > Date.now()) throw new InvalidValueError(`${text} is longer ago than time is counted`);
  return Date.now() - durationMs;
}
