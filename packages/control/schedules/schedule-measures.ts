import type { SignalScope } from "@evenkeel/model";
import type { SignalRecorder } from "@evenkeel/signals/client/signal-recorder";
import type { ClaimedRun } from "./claim-runs.ts";
import type { CallOutcome } from "./run-store.ts";

/** What is measured of schedules: how late their first calls are, and runs that failed for good. */
export class ScheduleMeasures {
  constructor(private readonly recorder: Pick<SignalRecorder, "count" | "record">) {}

  /** A run is called. A call after a failure is late on purpose. */
  called(run: ClaimedRun, nowMs: number): void {
    if (run.failures > 0) return;
    this.recorder.record(scopeOf(run), "schedule_lateness", Math.max(0, nowMs - run.scheduledAtMs));
  }

  /** A run has its outcome; `willRetry`: it is called again. */
  ended(run: ClaimedRun, outcome: CallOutcome, willRetry: boolean): void {
    if (outcome.reason !== undefined && !willRetry) this.recorder.count(scopeOf(run), "schedule_failures");
  }
}

/** Only production has schedules. The same job goes on through releases, so its series is the environment's. */
const scopeOf = ({ app, definition }: ClaimedRun): SignalScope => ({
  ...{ app, environment: "production" },
  detail: definition.name.slice(0, 200),
});
