import { type LogLine, type LogPage, type LogSettings, logLevels } from "@evenkeel/logs";
import { z } from "zod";
import { appParams, deploymentId, environmentName, flag } from "./parameters.ts";
import { json, stream } from "./route.ts";

export type { LogLine, LogPage, LogSettings } from "@evenkeel/logs";

const timeMs = z.coerce.number().min(0).optional();

/** Equal values of fields, as a JSON object: `{"status":"500"}`. */
const fieldConditions = z
  .string()
  .max(4_000)
  .transform((text, context) => {
    try {
      return z.record(z.string(), z.string()).parse(JSON.parse(text));
    } catch {
      context.addIssue({ code: "custom", message: "is no JSON object of strings" });
      return z.NEVER;
    }
  })
  .optional();

const conditions = {
  sinceMs: timeMs,
  untilMs: timeMs,
  /** This one and all more severe. */
  level: z.enum(logLevels).optional(),
  environment: environmentName.optional(),
  deployment: deploymentId.optional(),
  /** Only what builds printed, or only what they did not. */
  build: flag,
  /** Anywhere in a line or its fields. */
  text: z.string().min(1).max(1_000).optional(),
  fields: fieldConditions,
};

const newLogSettings = z.strictObject({
  retentionDays: z.number().min(1).max(3_650).optional(),
  budgetBytes: z
    .number()
    .int()
    .min(16 * 1024 * 1024)
    .optional(),
  linesPerSecond: z.number().int().min(1).max(1_000_000).optional(),
  bytesPerSecond: z
    .number()
    .int()
    .min(1_024)
    .max(1_024 ** 3)
    .optional(),
  safeFields: z.array(z.string().min(1).max(100)).max(200).optional(),
  safeValues: z.array(z.string().min(1).max(200)).max(200).optional(),
});

export const logRoutes = {
  /** One page, newest lines first; a search that takes long ends its page early, and `cursor` goes on. */
  searchLogs: json<LogPage>()({
    method: "GET",
    path: "/api/apps/:app/logs",
    permission: "read",
    params: appParams,
    query: z.object({
      ...conditions,
      limit: z.coerce.number().int().min(1).max(5_000).default(100),
      cursor: z.string().max(300).optional(),
    }),
  }),
  /** Lines oldest first, then with `follow` those that come, each a line of JSON. */
  streamLogs: stream<LogLine>()({
    method: "GET",
    path: "/api/apps/:app/logs/stream",
    permission: "read",
    params: appParams,
    query: z.object({
      ...conditions,
      follow: flag,
      /** Begins with so many of the newest. */
      newest: z.coerce.number().int().min(0).max(100_000).optional(),
      /** Goes on after the lines received: the greatest number of each writer in their ids, `host-120.control-7`. */
      after: z.string().max(300).optional(),
    }),
  }),
  getLogSettings: json<LogSettings>()({
    method: "GET",
    path: "/api/apps/:app/logs/settings",
    permission: "read",
    params: appParams,
  }),
  /** Those that are given; the others stay. */
  setLogSettings: json<LogSettings>()({
    method: "PATCH",
    path: "/api/apps/:app/logs/settings",
    permission: "configure",
    params: appParams,
    body: newLogSettings,
  }),
};
