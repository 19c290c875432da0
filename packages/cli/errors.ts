import { EvenkeelError } from "@evenkeel/model";

/** A command was given words that it does not take. */
export class UsageError extends EvenkeelError {
  readonly code = "usage";
  readonly fault = "user";
}

/** The command needs the platform, and nobody answers on its socket. */
export class PlatformNotRunningError extends EvenkeelError {
  readonly code = "platform_not_running";
  readonly fault = "user";

  constructor(home: string, cause?: unknown) {
    super(`The platform of ${home} is not running`, {
      hint: "Start it with: evenkeel up --detach (EVENKEEL_HOME names another data directory)",
      cause,
    });
  }
}

/** `up` gave up waiting; the logs say which part did not start and why. */
export class StartFailedError extends EvenkeelError {
  readonly code = "start_failed";
  readonly fault = "platform";
}

/** The port of the edges belongs to another program. */
export class PortTakenError extends EvenkeelError {
  readonly code = "port_taken";
  readonly fault = "user";

  constructor(address: string, port: number) {
    super(`Port ${port} of ${address} is used by another program`, {
      hint: "Stop that program, or choose another port: evenkeel up --port 8080",
    });
  }
}

/** A process's successor did not become ready; the running one stays. */
export class ReplacementFailedError extends EvenkeelError {
  readonly code = "replacement_failed";
  readonly fault = "platform";

  constructor(name: string, logPath: string) {
    super(`The successor of ${name} did not start; the running one stays`, { hint: `Its log is ${logPath}` });
  }
}

/** A deployment's pipeline ended without going live. */
export class DeployFailedError extends EvenkeelError {
  readonly code = "deploy_failed";
  readonly fault = "user";
}

/** A demonstration did not go as it should: a command of it failed, or what it waited for did not happen. */
export class DemoFailedError extends EvenkeelError {
  readonly code = "demo_failed";
  readonly fault = "platform";
}

/** SQL that a person gave was refused, or could not be run. */
export class QueryFailedError extends EvenkeelError {
  readonly code = "query_failed";
  readonly fault = "user";
}

/** A task of upkeep ended at a statement that failed; what stood before it was done. */
export class UpkeepFailedError extends EvenkeelError {
  readonly code = "upkeep_failed";
  readonly fault = "user";

  constructor(task: string, reason: string) {
    super(`Task ${task} failed: ${reason}`, {
      hint: "Statements before the one that failed are done; the log keeps the run.",
    });
  }
}

/** Commands are to go to a platform that the person has not logged in to. */
export class NotLoggedInError extends EvenkeelError {
  readonly code = "not_logged_in";
  readonly fault = "user";

  constructor(url: string) {
    super(`Nobody is logged in to ${url} here`, { hint: `evenkeel login ${url}` });
  }
}
