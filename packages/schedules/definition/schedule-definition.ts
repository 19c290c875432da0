import type { BuildOutput } from "@evenkeel/model";

/** One job as a deployment declares it. */
export interface ScheduleDefinition {
  /** Tells jobs of one app apart, and is the same in the next deployment. */
  name: string;
  cron: string;
  timezone: string;
  /** What is asked for at the deployment's own host; begins with `/`. */
  path: string;
  method: string;
  /** A run begins up to so many minutes after its time, each time the same for one run; 0 for none. */
  jitterMinutes: number;
  /** The longest that the target can take, in seconds: the `maxDuration` of its function. */
  maxDurationS: number;
  /** Where it was declared. */
  source: "crons" | "schedules";
}

type Declared = Pick<BuildOutput, "crons" | "schedules" | "functions" | "functionsById">;

/**
 * The jobs of a build output: its `crons`, named by their paths, and its `schedules`. Where several crons call one path, their
 * expressions stand behind it: `/api/sync@0 5 * * *`. What is declared twice is one job.
 */
export function scheduleDefinitions(output: Declared): ScheduleDefinition[] {
  const byName = new Map<string, ScheduleDefinition>();
  const expressionsByPath = new Map<string, Set<string>>();
  const written = output.crons.map(({ path, schedule }) => ({ path, cron: oneSpace(schedule) }));
  for (const { path, cron } of written)
    expressionsByPath.set(path, (expressionsByPath.get(path) ?? new Set()).add(cron));
  for (const { path, cron } of written) {
    const name = expressionsByPath.get(path)!.size > 1 ? `${path}@${cron}` : path;
    byName.set(name, {
      ...{ name, cron, timezone: "UTC", path, method: "GET", jitterMinutes: 0, source: "crons" },
      maxDurationS: maxDurationOf(output, path),
    });
  }
  for (const { name, cron, timezone = "UTC", jitterMinutes = 0, target } of output.schedules ?? []) {
    if ("topic" in target) continue;
    const { path, method } =
      "path" in target ? { method: "GET", ...target } : functionRequest(target.function);
    byName.set(name, {
      ...{ name, cron: oneSpace(cron), timezone, path, method, jitterMinutes, source: "schedules" },
      maxDurationS: maxDurationOf(output, path),
    });
  }
  return [...byName.values()];
}

/** A function is asked for at its own path, as its handler exports `POST`. */
const functionRequest = (name: string) => ({ path: `/${functionKey(name)}`, method: "POST" });

/** The path in the output of a function that is named by it or by its source: `api/cleanup.ts`, Next.js' `app/api/cleanup/route.ts`. Pure. */
export const functionKey = (name: string): string =>
  name
    .replace(/^\/+/, "")
    .replace(/\.(?:[cm]?[jt]sx?)$/, "")
    .replace(/^(?:src\/)?app\/(.+)\/route$/, "$1")
    .replace(/^(?:src\/)?pages\//, "");

const oneSpace = (cron: string): string => cron.trim().replace(/\s+/g, " ");

/** Routes may lead the path to any function: then the longest of all is what it can take. */
function maxDurationOf({ functions, functionsById }: Declared, path: string): number {
  const own = functions[path.replace(/^\/+/, "").replace(/[?#].*$/, "")];
  const found = own === undefined ? undefined : functionsById[own];
  if (found) return found.maxDurationS;
  return Math.max(60, ...Object.values(functionsById).map((one) => one.maxDurationS));
}
