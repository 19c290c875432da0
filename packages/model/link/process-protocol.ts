import type { ErrorJson } from "../errors.ts";
import type { DeploymentId } from "../ids.ts";
import type { EnvironmentName } from "../serving/serving-state.ts";

/** One process of an app's formation. */
export interface ProcessReport {
  /** `web.1` */
  name: string;
  type: string;
  deployment: DeploymentId;
  environment: EnvironmentName;
  /** `waiting`: for another one to end, or for its turn after a crash. */
  state: "waiting" | "starting" | "up" | "stopping";
  pid?: number;
  /** In this state since. */
  sinceMs: number;
  memoryBytes: number;
  memoryLimitBytes: number;
  /** How often it was started in place of one that had crashed. */
  restarts: number;
  /** Why the last one ended that was not asked to. */
  lastFailure?: ErrorJson;
  /** After a crash: when it is started again. */
  nextStartAtMs?: number;
}

/**
 * A one-off command beside a deployment's processes, in a cell of its own, over the host's socket: one connection for each. What it
 * prints comes as `output`; `ended` or `failed` is the last. When the connection closes before, the command is ended as by a hang-up.
 */
export type RunnerToHost =
  | { type: "hello"; role: "runner" }
  | ({ type: "run" } & OneOffRun)
  | { type: "input"; base64: string }
  | { type: "endInput" }
  /** Of its terminal. */
  | ({ type: "resize" } & TerminalSize)
  | { type: "signal"; signal: RunSignal };

export interface OneOffRun {
  deployment: DeploymentId;
  /** One word: a command for the shell, as in a Procfile. Several: a program and its arguments. */
  command: string[];
  /** `run.k3x9`, `release.1`: in logs, and as `DYNO`. */
  name: string;
  memoryMb: number;
  /** It is ended when it takes longer. */
  limitMs?: number;
  /** It has a terminal in the place of its streams: what it prints comes as `stdout`. */
  terminal?: Terminal;
}

export interface TerminalSize {
  columns: number;
  rows: number;
}

export interface Terminal extends TerminalSize {
  /** `TERM`: `xterm-256color` */
  kind: string;
}

export type RunSignal = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGQUIT";

export type HostToRunner =
  | { type: "output"; stream: "stdout" | "stderr"; base64: string }
  | { type: "ended"; exit: ProcessExit }
  | { type: "failed"; error: ErrorJson };

/** How a one-off command ended. */
export interface ProcessExit {
  /** 128 + signal where one ended it. */
  exitCode: number;
  /** What the host ended it for; absent: it ended by itself. */
  ended?: "time" | "memory" | "stopped";
}
