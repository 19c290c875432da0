import { EvenkeelError } from "@evenkeel/model";

/** A program that a measurement needs is not installed, or this machine cannot run it at all. */
export class ToolMissingError extends EvenkeelError {
  readonly code = "bench_tool_missing";
  readonly fault = "user";
}

/** Words that `bench` does not take. */
export class BenchUsageError extends EvenkeelError {
  readonly code = "bench_usage";
  readonly fault = "user";
}

/** A load was not answered as it should be, so its figures would say nothing. */
export class LoadFailedError extends EvenkeelError {
  readonly code = "bench_load_failed";
  readonly fault = "platform";
}

/** A program that is compared with, or an app to be measured, did not start or answers something else. */
export class PeerFailedError extends EvenkeelError {
  readonly code = "bench_peer_failed";
  readonly fault = "platform";
}

/** The recorded measurements cannot be read, or do not fit what should be done with them. */
export class ProofError extends EvenkeelError {
  readonly code = "bench_proof";
  readonly fault = "user";
}
