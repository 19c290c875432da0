import type { Schedule } from "@evenkeel/model";

export interface WrittenSchedule {
  name: string;
  cron: string;
  timezone: string | undefined;
  jitterMinutes: number | undefined;
  path: (string | number)[];
  /** The key of the expression, below `path`. */
  cronPath: (string | number)[];
  target: object;
}

/** An array as the CLI writes it, or an object by name as the documentation has it. */
export function writtenSchedules(written: unknown): WrittenSchedule[] {
  if (written === null || typeof written !== "object") return [];
  if (!Array.isArray(written)) {
    return Object.entries(written as Record<string, Record<string, unknown>>).map(([name, value]) => ({
      name,
      cron: String(value["schedule"] ?? ""),
      timezone: value["timezone"] as string | undefined,
      jitterMinutes: value["jitter"] as number | undefined,
      path: ["schedules", name],
      cronPath: ["schedule"],
      target: value,
    }));
  }
  return (written as Record<string, unknown>[]).map((value, index) => {
    const expression = value["expression"] as { cron?: string; jitter?: number } | undefined;
    return {
      name: String(value["name"] ?? ""),
      cron: String(expression?.cron ?? value["cron"] ?? value["schedule"] ?? ""),
      timezone: value["timezone"] as string | undefined,
      jitterMinutes: expression?.jitter ?? (value["jitter"] as number | undefined),
      path: ["schedules", index],
      cronPath: expression === undefined ? ["schedule"] : ["expression", "cron"],
      target: (value["target"] as object | undefined) ?? value,
    };
  });
}

type TargetKey = "path" | "function" | "method" | "requestMethod";

/** `schedules` of a `vercel.json` that `scheduleProblem` has passed, as a build output has them. */
export const declaredSchedules = (written: unknown): Schedule[] =>
  writtenSchedules(written).map(({ name, cron, timezone, jitterMinutes, target }) => {
    const { path, function: fn, method, requestMethod } = target as Record<TargetKey, string>;
    return {
      ...{ name, cron },
      ...(timezone === undefined ? {} : { timezone }),
      ...(jitterMinutes === undefined ? {} : { jitterMinutes }),
      target:
        fn !== undefined && path === undefined
          ? { function: fn }
          : { path, method: method ?? requestMethod ?? "GET" },
    };
  });
