import type { DeploymentId, EnvironmentName, FunctionId, InstanceId } from "@evenkeel/model";
import type { LogLevel } from "./log-level.ts";

/** `platform`: said by the platform about what printed; `otlp`: sent as a log record. */
export type LogStream = "stdout" | "stderr" | "platform" | "otlp";

/** Where lines come from; alike for all that one process prints to one stream. */
export interface LogSource {
  stream: LogStream;
  environment?: EnvironmentName;
  deployment?: DeploymentId;
  instance?: InstanceId;
  /** Absent: a build, or a process of the app's services. */
  function?: FunctionId;
  /** `web.1`, `run.k3x9`. */
  process?: string;
  /** Printed by the build, or by the platform while it brought the deployment live. */
  build?: true;
}

/** What is written down of a line: already redacted. */
export interface LogRecord {
  /** When the platform read it, milliseconds since the epoch: one clock for all. */
  atMs: number;
  /** Place in `logLevels`. */
  level: number;
  source: LogSource;
  /** Of the edge (`x-vercel-id`), or the app's own; empty where it is not known. */
  requestId: string;
  text: string;
  /** JSON object of the line's other fields; empty where there are none. */
  fields: string;
}

/** A line as it is read. */
export interface LogLine extends LogSource {
  /** `<writer>-<number>`: never given twice within an app. */
  id: string;
  atMs: number;
  level: LogLevel;
  text: string;
  requestId?: string;
  fields?: Record<string, unknown>;
}
