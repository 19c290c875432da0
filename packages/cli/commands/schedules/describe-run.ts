import type { ScheduleRun, ScheduleRunReason } from "@evenkeel/control";

const reasons: Record<ScheduleRunReason, string> = {
  overlap: "the run before was still under way",
  missed: "it was missed",
  queue_full: "too many runs were waiting",
  not_released: "its schedule was no longer released",
  status: "it answered",
  redirected: "it redirected, which is not followed",
  timed_out: "it took too long",
  connection_lost: "the connection broke",
  no_edge: "no edge could be reached",
  secret_unreadable: "its CRON_SECRET does not open with the platform's key",
};

/** `succeeded`, `failed: it answered 500`, `skipped: it was missed` */
export function describeRun({ state, reason, httpStatus }: ScheduleRun): string {
  if (reason === undefined) return state;
  const status = reason === "status" && httpStatus !== undefined ? ` ${httpStatus}` : "";
  return `${state}: ${reasons[reason]}${status}`;
}
