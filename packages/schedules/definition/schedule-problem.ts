import { cronProblem, type Problem } from "../cron/cron-problem.ts";
import { isTimezone } from "../cron/next-time.ts";
import { type WrittenSchedule, writtenSchedules } from "./written-schedules.ts";

/** As at Vercel, of each kind: https://vercel.com/docs/cron-jobs/usage-and-pricing */
export const mostSchedules = 100;

export interface PlacedProblem extends Problem {
  /** Where in the file: `["crons", 0, "schedule"]` */
  path: (string | number)[];
}

/**
 * The first thing that keeps `crons` and `schedules` from working, of `vercel.json` or a Build Output's `config.json`. Both have passed their schemas.
 */
export function scheduleProblem(file: { crons?: unknown; schedules?: unknown }): PlacedProblem | undefined {
  const crons = (file.crons ?? []) as { path: string; schedule: string }[];
  const schedules = writtenSchedules(file.schedules);
  for (const [key, count] of [
    ["crons", crons.length],
    ["schedules", schedules.length],
  ] as const) {
    if (count > mostSchedules) {
      return {
        path: [key],
        message: `${count} entries; ${mostSchedules} is the most`,
        hint: "Let one schedule call a route that does the work of several.",
      };
    }
  }
  for (const [index, { path, schedule }] of crons.entries()) {
    const problem = cronProblem(schedule);
    if (problem) return { ...problem, path: ["crons", index, "schedule"] };
    const refused = pathProblem(path);
    if (refused) return { ...refused, path: ["crons", index, "path"] };
  }
  const names = new Set<string>();
  for (const schedule of schedules) {
    const problem = problemOf(schedule, names);
    if (problem) return problem;
    names.add(schedule.name);
  }
  return undefined;
}

function problemOf(schedule: WrittenSchedule, names: ReadonlySet<string>): PlacedProblem | undefined {
  const { name, cron, timezone, path, cronPath, target } = schedule;
  if (!/^[0-9A-Za-z][0-9A-Za-z._-]{0,255}$/.test(name)) {
    return {
      path,
      message: `the name ${JSON.stringify(name.slice(0, 80))} cannot be a schedule's`,
      hint: "Begin with a letter or digit; then letters, digits, dots, hyphens and underscores may stand.",
    };
  }
  if (names.has(name)) {
    return {
      path,
      message: `the name "${name}" stands twice`,
      hint: "Give each schedule a name of its own.",
    };
  }
  if (timezone !== undefined && !isTimezone(timezone)) {
    return {
      path: [...path, "timezone"],
      message: `there is no time zone ${JSON.stringify(timezone.slice(0, 80))}`,
      hint: 'Name one of the IANA database, as "Europe/Berlin"; UTC where none is named.',
    };
  }
  const problem = cronProblem(cron, timezone);
  if (problem) return { ...problem, path: [...path, ...cronPath] };
  const given = target as { path?: unknown; function?: unknown; method?: unknown; requestMethod?: unknown };
  if (typeof given.function === "string" && given.path === undefined) {
    if (/^[\w@./[\]-]{1,500}$/.test(given.function)) return undefined;
    return {
      path,
      message: `the function ${JSON.stringify(given.function.slice(0, 80))} of "${name}" cannot be one`,
      hint: 'Name its source file: "function": "api/cleanup.ts".',
    };
  }
  if (typeof given.path !== "string") {
    return {
      path,
      message: `the target of "${name}" is neither a path nor a function, and there are no queues here`,
      hint: 'Name a route or a function: "path": "/api/cleanup", "function": "api/cleanup.ts".',
    };
  }
  const method = given.method ?? given.requestMethod ?? "GET";
  if (typeof method !== "string" || !/^(?:GET|POST|PUT|PATCH|DELETE|HEAD)$/.test(method)) {
    return {
      path,
      message: `the request method ${JSON.stringify(method)?.slice(0, 40)} of "${name}" is not known`,
      hint: "Use GET, POST, PUT, PATCH, DELETE or HEAD.",
    };
  }
  const refused = pathProblem(given.path);
  return refused && { ...refused, path };
}

/** What stands in a request line as it is. */
function pathProblem(path: string): Problem | undefined {
  if (/^\/[\x21-\x7e]*$/.test(path) && !path.includes("#") && path.length <= 512) return undefined;
  return {
    message: `the path ${JSON.stringify(path.slice(0, 80))} cannot be asked for`,
    hint: "Begin with a slash; write spaces and characters beyond ASCII as %20 and the like; at most 512 characters.",
  };
}
