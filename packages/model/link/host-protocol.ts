import type { ErrorJson } from "../errors.ts";
import type { AppName, DeploymentId, FunctionId, InstanceId } from "../ids.ts";
import type { EnvironmentName } from "../serving/serving-state.ts";
import type { ProcessReport } from "./process-protocol.ts";

/**
 * The host's socket (`run/host.sock`, one JSON value a line). Edges ask it for instances and hear of their
 * coming and going; control asks it to prove that a deployment can start.
 *
 * Edge: `hello` → the host tells every running instance (`instance`) and afterwards each change.
 * - An edge that has no instance for a function, or only busy ones, sends `need` (again each 250 ms while it holds; the
 *   host decides whether one more is started). A failed start comes as `failed` to all waiting edges.
 * - Each edge reports its requests in flight per instance (`load`) at most every 250 ms when they changed; from
 *   that the host scales and finds idle instances.
 * - `drain`: take no new request to that instance; when the last in flight is done, the edge answers `drained`.
 *   The host ends the process after every edge answered, or after the drain limit.
 * - `gone`: the process has ended; requests that were in flight on it have failed on their own.
 */
export type HostToEdge =
  | { type: "instance"; instance: RunningInstance }
  | { type: "failed"; deployment: DeploymentId; function: FunctionId; error: ErrorJson }
  | { type: "drain"; instance: InstanceId }
  | { type: "gone"; instance: InstanceId };

export type EdgeToHost =
  | { type: "hello"; role: "edge"; name: string }
  | { type: "need"; deployment: DeploymentId; function: FunctionId; waiting: number }
  /** `used`: took a request since the last report, even if none is in flight now; else short requests would look like idleness. */
  | { type: "load"; inFlight: Record<InstanceId, number>; used?: InstanceId[] }
  | { type: "drained"; instance: InstanceId }
  /** A request there was not answered within its maximum duration: the host looks whether the instance still reacts. */
  | { type: "overdue"; instance: InstanceId };

export interface RunningInstance {
  id: InstanceId;
  deployment: DeploymentId;
  function: FunctionId;
  /** HTTP/1.1 is spoken on this unix socket. */
  socketPath: string;
  /** Instead of the socket: HTTP/1.1 is spoken on this TCP port of 127.0.0.1. A `web` process listens so. */
  port?: number;
}

/** Control's side of the same socket: one request, one reply with its `id`. */
export type ControlToHost =
  | { type: "hello"; role: "control" }
  /** Starts one instance of the function (or of the deployment's first one) and keeps it warm; replies when it is ready or has failed. */
  | { type: "prepare"; id: number; deployment: DeploymentId; function?: FunctionId }
  /** Drains and ends every instance of the deployment; replies when none is left. */
  | { type: "stop"; id: number; deployment: DeploymentId }
  | { type: "list"; id: number }
  /** The master key is being rotated: seals what it keeps on disk with the newest one; replies when it is durable. */
  | { type: "rekey"; id: number }
  /** The processes of an app, each with what became of it. */
  | { type: "processes"; id: number; app: AppName }
  /** Puts new processes in the place of those that run: `web` before the old ones go, others after. Replies when that is done. */
  | { type: "restart"; id: number; app: AppName; environment: EnvironmentName; process?: string };

/** Telemetry's side: which values must not be written down of what a deployment's processes send. One request, one reply with its `id`. */
export type TelemetryToHost =
  | { type: "hello"; role: "telemetry" }
  | { type: "secrets"; id: number; deployment: DeploymentId };

export type HostToTelemetry = {
  type: "secrets";
  id: number;
  /** By the names of their variables; absent: the host does not know the deployment. */
  secrets?: Record<string, string>;
};

export type HostToControl = {
  type: "reply";
  id: number;
  error?: ErrorJson;
  instances?: InstanceReport[];
  processes?: ProcessReport[];
};

export interface InstanceReport extends RunningInstance {
  pid: number;
  state: "starting" | "ready" | "draining";
  startedAtMs: number;
  /** How long from the wish to readiness. */
  startMs: number;
  inFlight: number;
  memoryBytes: number;
  restarts: number;
}
