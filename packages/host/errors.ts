import { EvenkeelError, type Fault } from "@evenkeel/model";

/** The runtime that a function asks for is not on this machine. */
export class RuntimeMissingError extends EvenkeelError {
  readonly code = "runtime_missing";
  readonly fault = "platform";
}

/** A function asks for a runtime that the host does not know. */
export class RuntimeUnsupportedError extends EvenkeelError {
  readonly code = "runtime_unsupported";
  readonly fault = "user";
}

/** A system call that isolation needs was refused. */
export class KernelRefusedError extends EvenkeelError {
  readonly code = "kernel_refused";
  readonly fault = "platform";
}

/** The private root of an instance could not be made. */
export class CellFailedError extends EvenkeelError {
  readonly code = "cell_failed";
  readonly fault = "platform";
}

/** An instance ended before it was ready, or without being asked to. */
export class InstanceEndedError extends EvenkeelError {
  readonly code: string;
  readonly fault: Fault;

  constructor(
    code: "function_exited" | "function_out_of_memory" | "function_signalled" | "function_stuck",
    message: string,
    hint?: string,
  ) {
    super(message, hint === undefined ? {} : { hint });
    this.code = code;
    this.fault = "user";
  }
}

/** A function did not become ready in time. */
export class StartTimeoutError extends EvenkeelError {
  readonly code = "function_start_timeout";
  readonly fault = "user";
}

/** An instance that said it was ready does not listen as it must. */
export class InstanceRefusedError extends EvenkeelError {
  readonly code = "instance_refused";
  readonly fault = "user";
}

/** A process of an app's services ended without being asked to. */
export class ProcessEndedError extends EvenkeelError {
  readonly code: string;
  readonly fault = "user";

  constructor(
    code: "process_exited" | "process_out_of_memory" | "process_signalled",
    message: string,
    hint?: string,
  ) {
    super(message, hint === undefined ? {} : { hint });
    this.code = code;
  }
}

/** A `web` process did not listen on `$PORT` in time. */
export class ProcessBootTimeoutError extends EvenkeelError {
  readonly code = "process_boot_timeout";
  readonly fault = "user";
}

/** A deployment without services, or an app without such a process. */
export class ProcessUnknownError extends EvenkeelError {
  readonly code = "process_unknown";
  readonly fault = "user";
}

/** No TCP port is left for `web` processes. */
export class PortRangeError extends EvenkeelError {
  readonly code = "port_range_spent";
  readonly fault = "platform";
}

/** The machine's memory for instances is spent and no instance is idle. */
export class InstanceMemoryError extends EvenkeelError {
  readonly code = "instance_memory_spent";
  readonly fault = "platform";
}

/** A deployment that the host has not heard of, or whose environment it has lost. */
export class DeploymentUnknownError extends EvenkeelError {
  readonly code = "deployment_unknown";
  readonly fault = "user";
}

/** A deployment without such a function. */
export class FunctionUnknownError extends EvenkeelError {
  readonly code = "function_unknown";
  readonly fault = "user";
}

/** A deployment was stopped while an instance of it was starting. */
export class DeploymentStoppedError extends EvenkeelError {
  readonly code = "deployment_stopped";
  readonly fault = "user";
}

/** No uid is left in the range of this data directory. */
export class UidRangeError extends EvenkeelError {
  readonly code = "uid_range_spent";
  readonly fault = "platform";
}

/** Sealed bytes that this key did not seal, or for another owner. */
export class SealBrokenError extends EvenkeelError {
  readonly code = "seal_broken";
  readonly fault = "platform";
}
