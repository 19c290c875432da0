import type { ErrorJson } from "@evenkeel/model";
import type { ProcessReport } from "./kept-process.ts";
import type { SchedulerReport } from "./scheduler-watch.ts";

/** `run/supervisor.sock`, one JSON value a line; every request gets replies until one with `done`. */
export type ToSupervisor =
  | { type: "status" }
  /** Resolves when everything is running. */
  | { type: "wait" }
  | { type: "stop" }
  /** One process by name (`control`, `host`, `edge-0`), or `edges`: one after the other, with no request lost. */
  | { type: "restart"; name: string };

export interface FromSupervisor {
  done: boolean;
  processes?: ProcessReport[];
  scheduler?: SchedulerReport;
  /** What is being done, for people. */
  step?: string;
  error?: ErrorJson;
}
