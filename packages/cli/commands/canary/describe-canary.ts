import type { SideMeasured, StagedRelease, StagedStep } from "@evenkeel/control";
import { formatDuration, formatShare } from "@evenkeel/model";
import { formatTable } from "../../output/table.ts";

/** `shop: canary of ab3de5fgh beside c4…, step 2 of 3 (25 % of the visitors)` */
export function summarizeCanary(canary: StagedRelease): string {
  const { app, kind, deployment, baseline, state, step, steps } = canary;
  const what = `${app}: ${kind === "rollback" ? "rollback to" : "canary of"} ${deployment} beside ${baseline}`;
  if (state === "done") return `${what} is done: it has all visitors`;
  if (state === "aborted") {
    const why = canary.endedReason ? `: ${canary.endedReason}` : "";
    return `${what} was aborted by ${canary.endedBy}${why}`;
  }
  return `${what}, step ${step} of ${steps.length} (${formatShare(steps[step - 1]!.share)} of the visitors), ${describeWait(canary)}`;
}

/** With its steps, and both sides of the one under way or of the last one. */
export function describeCanary(canary: StagedRelease): string {
  const { steps, step } = canary;
  const comparison = canary.comparison ?? steps[step - 1]?.comparison;
  const lines = [
    summarizeCanary(canary),
    "",
    formatTable(["step", "share", "lasts", "so far", "state", "seen"], steps.map(stepRow)),
  ];
  if (comparison) {
    const { deployment, baseline } = canary;
    lines.push(
      "",
      formatTable(
        ["deployment", "requests", "errors", "95 % within"],
        [sideRow(`${deployment} (new)`, comparison.canary), sideRow(`${baseline} (old)`, comparison.current)],
      ),
      "",
      `The new one is ${comparison.why}.`,
    );
  }
  return lines.join("\n");
}

const stepRow = (step: StagedStep, index: number): string[] => [
  String(index + 1),
  formatShare(step.share),
  step.durationMs === null ? "until promoted" : formatDuration(step.durationMs),
  step.state === "waiting" ? "–" : formatDuration(step.elapsedMs),
  step.state,
  step.comparison?.verdict ?? "–",
];

const sideRow = (name: string, { requests, errorRate, p95Ms }: SideMeasured): string[] => [
  name,
  String(requests),
  errorRate === undefined ? "–" : formatShare(errorRate),
  p95Ms === undefined ? "–" : formatDuration(p95Ms),
];

function describeWait({ state, waitsFor, step, steps }: StagedRelease): string {
  if (state === "held") return "held";
  const { durationMs, elapsedMs } = steps[step - 1]!;
  if (waitsFor === "requests") return "waits for more requests to compare";
  if (waitsFor === "person" || durationMs === null) return "waits for somebody to promote it";
  return `${formatDuration(Math.max(0, durationMs - elapsedMs))} to go`;
}
