/**
 * Logs of apps: intake, redaction, store, search, drains. A library; several processes write, each its own files, and any may read.
 */
export * from "./errors.ts";
export { type AppIntake, type GivenLine, LogIntake, type LogIntakeOptions } from "./intake/log-intake.ts";
export type { ProcessOutput } from "./intake/process-output.ts";
export { type LogLevel, logLevels, readLevel } from "./line/log-level.ts";
export type { LogLine, LogSource, LogStream } from "./line/log-line.ts";
export { LogFollower, type LogGap } from "./search/log-follower.ts";
export { LineTest, type LogQuery, readFieldCondition } from "./search/log-query.ts";
export type { Positions } from "./search/merged-scan.ts";
export { type LogPage, type LogSearch, searchLogs } from "./search/search-logs.ts";
export { type LogStreamWish, streamLogs } from "./search/stream-logs.ts";
export { appLogFolder, logsFolder } from "./store/log-files.ts";
export {
  type LogSettings,
  readLogSettings,
  usualLogSettings,
  writeLogSettings,
} from "./store/log-settings.ts";
